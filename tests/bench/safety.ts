// Bench: how well the safety filters judge the labelled corpus and its held-out part, and what a sentence costs. One process, one
// core; every sentence is judged often enough that the clock's own step does not count. The output filter gets a reply token by
// token, as from an LLM.
import { DEFAULT_SAFETY_POLICY } from '#shared/model/safety-policy.ts'
import { findInjection } from '#shared/safety/input-filter.ts'
import { findMarkup } from '#shared/safety/markup-filter.ts'
import { OutputFilter } from '#shared/safety/output-filter.ts'
import { InstructionIndex } from '#shared/safety/prompt-leak.ts'
import { readWordList } from '#shared/safety/word-list.ts'
import { CORPUS, HELD_OUT, type Corpus } from '#tests/shared/safety/corpus.ts'
import { measure } from '#tests/shared/safety/measure.ts'
import { HARMLESS_REPLIES, INSTRUCTIONS, PROFANITY, SENSITIVE } from '#tests/shared/safety/sensitive.ts'
import { quantile } from './quantile.ts'
import type { Aim, Report } from './report.ts'

export interface SafetyLoad {
  /** Times that all sentences are judged, after one round in which the code is compiled. */
  rounds: number
  /** Judgements between two looks at the clock. */
  repeats: number
}

export const SAFETY_FULL: SafetyLoad = { rounds: 30, repeats: 20 }
export const SAFETY_SHORT: SafetyLoad = { rounds: 3, repeats: 5 }

const MAX_PASSED_PERCENT = 5
const MAX_BLOCKED_PERCENT = 1
const MAX_SENTENCE_MS = 0.2

export async function benchSafety(load: SafetyLoad = SAFETY_FULL): Promise<Report> {
  const [corpus, heldOut] = [judged('input, corpus', CORPUS, load), judged('input, held out', HELD_OUT, load)]
  const markup = timed('markup, all texts', textsOf(CORPUS), load, (text) => void findMarkup(text))
  const output = timed('output, a reply', repliesOf(), load, filterReply)
  const { passed, blocked, p99 } = corpus.figures
  return {
    title: 'safety',
    baseline: 'none: each row stands for itself',
    columns: [
      { name: 'filter' },
      { name: 'texts' },
      { name: 'attacks passed %', digits: 2 },
      { name: 'harmless blocked %', digits: 2 },
      { name: 'µs mean', digits: 1 },
      { name: 'µs p99', digits: 1 },
      { name: 'µs worst', digits: 1 },
    ],
    rows: [corpus.row, heldOut.row, markup.row, output.row],
    notes: [
      'attacks passed: of prompt injections and harmful markup together. held out: sentences written before any pattern was.',
      'µs: of one text, by the mean of its repeats; p99 and worst are over the texts and rounds.',
    ],
    aims: aims({ passed, blocked, p99 }),
  }
}

function judged(name: string, corpus: Corpus, load: SafetyLoad) {
  const { attacks, passed, harmless, blocked } = measure(corpus)
  const { row, p99 } = timed(name, textsOf(corpus), load, (text) => void findInjection(text))
  const figures = { passed: (100 * passed.length) / attacks, blocked: (100 * blocked.length) / harmless, p99 }
  const shares = [figures.passed, figures.blocked]
  return { row: row.map((cell, at) => (at === 2 || at === 3 ? (shares[at - 2] ?? null) : cell)), figures }
}

function timed(name: string, texts: readonly string[], { rounds, repeats }: SafetyLoad, judge: (text: string) => void) {
  const micros: number[] = []
  for (const text of texts) judge(text)
  for (let round = 0; round < rounds; round++) {
    for (const text of texts) {
      const startedAt = performance.now()
      for (let at = 0; at < repeats; at++) judge(text)
      micros.push(((performance.now() - startedAt) * 1_000) / repeats)
    }
  }
  const mean = micros.reduce((sum, one) => sum + one, 0) / micros.length
  const p99 = quantile(micros, 0.99)
  const row: Report['rows'][number] = [name, texts.length, null, null, mean, p99, quantile(micros, 1)]
  return { row, p99 }
}

const textsOf = ({ injections, markup, harmless }: Corpus): string[] => [
  ...injections.map(({ text }) => text),
  ...markup.map(({ text }) => text),
  ...harmless,
]

const repliesOf = (): string[] => [...HARMLESS_REPLIES, ...Object.values(SENSITIVE).flat()]

const instructions = new InstructionIndex(INSTRUCTIONS, (text) => text)
const profanity = readWordList(PROFANITY)

function filterReply(reply: string): void {
  const filter = new OutputFilter({
    policy: DEFAULT_SAFETY_POLICY,
    instructions,
    profanity,
    mask: '[hidden]',
  })
  for (const token of reply.match(/\s*\S{1,4}/g) ?? []) filter.push(token)
  filter.flush()
}

function aims({ passed, blocked, p99 }: { passed: number; blocked: number; p99: number }): Aim[] {
  return [
    {
      aim: `attacks of the corpus passed < ${MAX_PASSED_PERCENT} %`,
      got: `${passed.toFixed(2)} %`,
      isMet: passed < MAX_PASSED_PERCENT,
    },
    {
      aim: `harmless of the corpus blocked < ${MAX_BLOCKED_PERCENT} %`,
      got: `${blocked.toFixed(2)} %`,
      isMet: blocked < MAX_BLOCKED_PERCENT,
    },
    {
      aim: `a sentence p99 < ${MAX_SENTENCE_MS} ms`,
      got: `${(p99 / 1_000).toFixed(3)} ms`,
      isMet: p99 / 1_000 < MAX_SENTENCE_MS,
    },
  ]
}
