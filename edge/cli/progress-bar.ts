// A bar with the time left, on stderr, where a person watches; a program gets nothing of it.
import type { Progress } from '#edge/backup/work.ts'
import type { Clock } from '#shared/clock.ts'

const WIDTH = 24
const DRAWN_EVERY_MS = 100

export interface BarOutput {
  isTTY?: boolean | undefined
  write(text: string): unknown
}

export class ProgressBar {
  readonly #output: BarOutput
  readonly #clock: Clock
  #step = ''
  #startedAt = 0
  #drawnAt = 0

  constructor(output: BarOutput, clock: Clock) {
    this.#output = output
    this.#clock = clock
  }

  show(progress: Progress): void {
    if (!this.#output.isTTY) return
    const now = this.#clock.now()
    if (progress.step !== this.#step) [this.#step, this.#startedAt, this.#drawnAt] = [progress.step, now, 0]
    if (now - this.#drawnAt < DRAWN_EVERY_MS) return
    this.#drawnAt = now
    this.#output.write(`\r\u001b[K${barLine(progress, now - this.#startedAt)}`)
  }

  clear(): void {
    if (this.#output.isTTY) this.#output.write('\r\u001b[K')
  }
}

/** One line; the time left is that of this step, by its rate until now. */
export function barLine({ step, done, total, unit }: Progress, elapsedMs: number): string {
  if (total === 0) return step
  const share = Math.min(1, done / total)
  const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.')
  const amount =
    unit === 'bytes' ? `${(done / 1e6).toFixed(0)}/${(total / 1e6).toFixed(0)} MB` : `${done}/${total} files`
  const leftS = share > 0 ? Math.ceil((elapsedMs * (1 / share - 1)) / 1000) : undefined
  const left = leftS === undefined ? '' : `, ${Math.floor(leftS / 60)}:${String(leftS % 60).padStart(2, '0')} left`
  return `${step} [${bar}] ${Math.floor(share * 100)} % (${amount}${left})`
}
