// A blind listening test as data: which samples there are, in which order, and what was thought of them. Pure. Who listens gets the sheet
// without its key; only both together say what was heard.
import * as v from 'valibot'

/** What a sample is of. */
export const KINDS = ['fast', 'hq', 'reference'] as const
export type Kind = (typeof KINDS)[number]

export const MIN_MARK = 1
export const MAX_MARK = 10
/** More than anybody listens to with care. */
export const MAX_SAMPLES = 200

export interface Sample {
  kind: Kind
  text: string
  wav: Uint8Array<ArrayBuffer>
}

/** What stands on the page: nothing of the kind. */
export interface Shown {
  number: number
  text: string
  wav: Uint8Array<ArrayBuffer>
}

export const Key = v.object({
  /** Of one listening test; stands in its ratings, too. */
  test: v.string(),
  /** By the sample's number. */
  kinds: v.record(v.string(), v.picklist(KINDS)),
})
export type Key = v.InferOutput<typeof Key>

const Mark = v.pipe(v.number(), v.integer(), v.minValue(MIN_MARK), v.maxValue(MAX_MARK))
/** What the page hands its listener to keep. */
export const Ratings = v.object({ test: v.string(), marks: v.record(v.string(), Mark) })
export type Ratings = v.InferOutput<typeof Ratings>

/** `random`: from 0 to below 1. Every order is as likely as any other (Fisher and Yates). */
export function shuffled(samples: readonly Sample[], test: string, random: () => number): { shown: Shown[]; key: Key } {
  const order = [...samples]
  for (let at = order.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    const [a, b] = [order[at], order[other]]
    if (a && b) [order[at], order[other]] = [b, a]
  }
  const shown = order.map(({ text, wav }, at) => ({ number: at + 1, text, wav }))
  return { shown, key: { test, kinds: Object.fromEntries(order.map(({ kind }, at) => [at + 1, kind])) } }
}

/** The marks of each kind. Throws an Error where ratings and key are of different tests, or a number is unknown. */
export function marksByKind(ratings: readonly Ratings[], key: Key): Partial<Record<Kind, number[]>> {
  const marks: Partial<Record<Kind, number[]>> = {}
  for (const { test, marks: given } of ratings) {
    if (test !== key.test) throw new Error(`the ratings are of the test ${test}, the key is of ${key.test}`)
    for (const [number, mark] of Object.entries(given)) {
      const kind = key.kinds[number]
      if (kind === undefined) throw new Error(`the key knows no sample ${number}`)
      marks[kind] = [...(marks[kind] ?? []), mark]
    }
  }
  return marks
}

export interface Score {
  n: number
  mean: number
  /** Standard deviation of the marks; 0 of a single one. */
  spread: number
}

export function scoreOf(marks: readonly number[]): Score {
  const n = marks.length
  const mean = marks.reduce((sum, mark) => sum + mark, 0) / n
  const squares = marks.reduce((sum, mark) => sum + (mark - mean) ** 2, 0)
  return { n, mean, spread: n > 1 ? Math.sqrt(squares / (n - 1)) : 0 }
}
