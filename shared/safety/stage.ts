// One step of the output filter: takes text bit by bit, gives back what is certain by now, with marks where something was taken out.
// What comes out does not depend on where the bits ended. Pure.
import type { SensitiveKind } from './decision.ts'

/** Something that must not be said stood here. The text of it is gone. */
export interface Hit {
  kind: SensitiveKind
}

export type Part = string | Hit

export interface Stage {
  push(text: string): Part[]
  /** Called where the text ends, or what follows does not belong to it. */
  flush(): Part[]
}

/** Runs parts through a stage; a mark of an earlier one ends whatever the stage still waits for. */
export function through(stage: Stage, parts: readonly Part[]): Part[] {
  return parts.flatMap((part) => (typeof part === 'string' ? stage.push(part) : [...stage.flush(), part]))
}
