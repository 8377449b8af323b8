// The form of a runbook: a Markdown file whose head says when it is for, whose sections have fixed names and order, and whose blocks of
// shell commands each say what to expect. Read by `parley runbook` and by the tests, which run the blocks. Knows no file system.
import * as v from 'valibot'
import { invalid } from '#shared/fault.ts'

export const SECTIONS = [
  'Symptom',
  'What the caller notices',
  'See',
  'Act',
  'Verify',
  'Roll back',
  'Whom to tell',
  'Record',
] as const
export type Section = (typeof SECTIONS)[number]

const Head = v.strictObject({
  title: v.pipe(v.string(), v.nonEmpty()),
  severity: v.picklist(['critical', 'warning', 'information']),
  /** Names of the alarms that lead here; none where only a person decides. */
  alerts: v.array(v.string()),
  /** How long it takes, by the clock of the one who does it. */
  minutes: v.pipe(v.number(), v.integer(), v.minValue(1)),
})

export interface Block {
  /** Unique in the file. */
  name: string
  section: Section
  script: string
  /** Each is found in what the block prints. */
  expected: RegExp[]
  /** What somebody must do by hand: it is shown and never run. */
  byHand: boolean
}

export interface Runbook extends v.InferOutput<typeof Head> {
  blocks: Block[]
}

const FRONT = /^---\n([^]*?)\n---\n/
const HEADING = /^## (.+)$/gm
/** ```sh name=NAME [by-hand], its lines, and the paragraph `Expect: …` behind it, whose first sentence quotes the patterns. */
const BLOCK = /^```sh([^\n]*)\n([^]*?)^```\n(?:\n(Expect: [^]*?)(?:\n\n|\n*$))?/gm
const QUOTED = /`([^`]+)`/g

/** Throws FaultError invalid_message, with all that is wrong with it. */
export function readRunbook(text: string): Runbook {
  const front = FRONT.exec(text)
  if (!front) throw invalid('a runbook begins with its head between two lines of ---')
  const head = v.safeParse(Head, headOf(front[1] ?? ''))
  const issues = head.success ? [] : head.issues.map((issue) => `head: ${v.getDotPath(issue) ?? ''}: ${issue.message}`)
  const body = text.slice(front[0].length)
  const headings = [...body.matchAll(HEADING)].map(([, name = '']) => name)
  if (headings.join() !== SECTIONS.join()) issues.push(`sections: must be ${SECTIONS.join(', ')}, in this order`)
  const blocks = blocksOf(body)
  for (const { name, expected, byHand } of blocks) {
    if (name === '') issues.push('a block has no name=')
    if (blocks.filter((one) => one.name === name).length > 1) issues.push(`two blocks are named ${name}`)
    if (expected.length === 0 && !byHand) issues.push(`block ${name}: says nothing of what to expect`)
  }
  if (!head.success || issues.length > 0) throw invalid(issues)
  return { ...head.output, blocks }
}

function headOf(text: string): Record<string, unknown> {
  const lines = text.split('\n').map((line) => /^(\w+): *(.*)$/.exec(line))
  const facts: Record<string, unknown> = {}
  for (const [, name = '', value = ''] of lines.filter((line) => line !== null)) {
    if (name === 'alerts') facts[name] = value === 'none' ? [] : value.split(/, */)
    else facts[name] = name === 'minutes' ? Number(value) : value
  }
  return facts
}

function blocksOf(body: string): Block[] {
  return [...body.matchAll(BLOCK)].map((match) => {
    const [, words = '', script = '', expected = ''] = match
    const before = [...body.slice(0, match.index).matchAll(HEADING)].at(-1)?.[1]
    return {
      name: /name=([\w-]+)/.exec(words)?.[1] ?? '',
      section: (before ?? 'Symptom') as Section,
      script: script.trim(),
      expected: [...(expected.split('. ')[0] ?? '').matchAll(QUOTED)].map(([, pattern = '']) => new RegExp(pattern)),
      byHand: /\bby-hand\b/.test(words),
    }
  })
}
