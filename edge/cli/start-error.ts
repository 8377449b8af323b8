// Why `parley start` could not start or go on, in words for the operator. Printed by main.ts without a stack.

export class StartError extends Error {
  override readonly name = 'StartError'
}
