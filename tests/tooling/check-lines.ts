// What `npm run check` says of its steps, one line each and one at the end. Pure; check.ts runs the steps.

export interface Outcome {
  name: string
  /** Undefined where the step did not start or was ended. */
  exitCode: number | undefined
  output: string
  seconds: number
  /** A check of this house ends with a line that says what it looked at; other tools say nothing of use. */
  isOwn: boolean
}

/** By this exit code a check says that it could not look; automake's and Debian's tests use the same number. */
export const EXIT_SKIPPED = 77

export type Verdict = 'ok' | 'skipped' | 'FAIL'

export function verdictOf({ exitCode }: Outcome): Verdict {
  if (exitCode === 0) return 'ok'
  return exitCode === EXIT_SKIPPED ? 'skipped' : 'FAIL'
}

export function lineOf(outcome: Outcome): string {
  const { name, output, seconds, isOwn } = outcome
  const verdict = verdictOf(outcome)
  const note = verdict !== 'FAIL' && isOwn ? `  ${output.split('\n').at(-1) ?? ''}` : ''
  return `${verdict.padEnd(7)} ${name.padEnd(14)} ${seconds.toFixed(1).padStart(5)} s${note}`
}

export function endLine(outcomes: Outcome[]): string {
  const count = (verdict: Verdict): number => outcomes.filter((outcome) => verdictOf(outcome) === verdict).length
  const skipped = count('skipped')
  return `check: ${count('ok')} passed, ${count('FAIL')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
