// Does several things that an end needs, each also where the one before it breaks. The first bug is thrown once all were tried.

export function tryAll(steps: ReadonlyArray<() => void>): void {
  const bugs: unknown[] = []
  for (const step of steps) {
    try {
      step()
    } catch (error) {
      bugs.push(error)
    }
  }
  if (bugs.length > 0) throw bugs[0]
}
