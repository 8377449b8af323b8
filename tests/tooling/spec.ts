// Holds the rules of the specification against the titles of the tests, and its headings against its table of contents.
// Pure; check-spec.ts gives it the files.
import type { Finding, TextFile } from './finding.ts'

/** `- **TUR4** A barge-in keeps only what was heard.` */
const RULE = /^\s*- \*\*([A-Z]{2,6}\d+)\*\*/
/** `it('[TUR4] …'`, `describe('[TUR4][TUR5] …'`, `test.each(table)('[TUR4] …'`: ids stand at the head of a title. */
const TITLE = /["'`]((?:\[[A-Z]{2,6}\d+\]\s*)+)/g
const ID = /\[([A-Z]{2,6}\d+)\]/g

/** `### The turn (TUR)`: the rules of a prefix stand under one. */
const HEADING = /^### (.+)$/
/** `[The turn (TUR)](#the-turn-tur)` in the table of contents. */
const LINK = /\[([^\]]+)\]\(#/g

interface Place {
  id: string
  file: string
  line: number
  /** Of a rule: the heading above it. */
  heading?: string | undefined
}

export function checkSpec(specs: TextFile[], tests: TextFile[]): { findings: Finding[]; rules: number } {
  const rules = specs.flatMap(readRules)
  const titles = tests.flatMap(readTitles)
  const known = new Set(rules.map(({ id }) => id))
  const tested = new Set(titles.map(({ id }) => id))
  const findings = [
    ...rules
      .filter((rule, at) => rules.findIndex(({ id }) => id === rule.id) < at)
      .map(({ id, file, line }) => ({ file, line, what: `rule ${id} is numbered twice` })),
    ...rules
      .filter(({ id }) => !tested.has(id))
      .map(({ id, file, line }) => ({ file, line, what: `rule ${id} has no test` })),
    ...titles
      .filter(({ id }) => !known.has(id))
      .map(({ id, file, line }) => ({ file, line, what: `test names ${id}, which is no rule` })),
    ...findScattered(rules),
    ...specs.flatMap(findUnlisted),
  ]
  return { findings, rules: rules.length }
}

function findScattered(rules: Place[]): Finding[] {
  const homes = new Map<string, string | undefined>()
  return rules.flatMap(({ id, file, line, heading }) => {
    const prefix = id.replace(/\d+$/, '')
    if (!homes.has(prefix)) homes.set(prefix, heading)
    const home = homes.get(prefix)
    if (home === heading) return []
    return [{ file, line, what: `rule ${id} stands under “${heading}”, and others of ${prefix} under “${home}”` }]
  })
}

function findUnlisted({ path, text }: TextFile): Finding[] {
  const listed = new Set([...text.matchAll(LINK)].map(([, title]) => title))
  return text.split('\n').flatMap((content, at) => {
    const heading = HEADING.exec(content)?.[1]
    if (heading === undefined || listed.has(heading)) return []
    return [{ file: path, line: at + 1, what: `heading “${heading}” is not in the table of contents` }]
  })
}

function readRules({ path, text }: TextFile): Place[] {
  let heading: string | undefined
  return text.split('\n').flatMap((content, at) => {
    heading = HEADING.exec(content)?.[1] ?? heading
    const id = RULE.exec(content)?.[1]
    return id ? [{ id, file: path, line: at + 1, heading }] : []
  })
}

function readTitles({ path, text }: TextFile): Place[] {
  return text
    .split('\n')
    .flatMap((content, at) =>
      [...content.matchAll(TITLE)]
        .flatMap(([, head]) => [...(head ?? '').matchAll(ID)])
        .flatMap(([, id]) => (id ? [{ id, file: path, line: at + 1 }] : [])),
    )
}
