// Holds the rules of the specification against the titles of the tests. Pure; check-spec.ts gives it the files.
import type { Finding, TextFile } from './finding.ts'

/** `- **TUR4** A barge-in keeps only what was heard.` */
const RULE = /^\s*- \*\*([A-Z]{2,6}\d+)\*\*/
/** `it('[TUR4] …'`, `describe('[TUR4][TUR5] …'`, `test.each(table)('[TUR4] …'`: ids stand at the head of a title. */
const TITLE = /["'`]((?:\[[A-Z]{2,6}\d+\]\s*)+)/g
const ID = /\[([A-Z]{2,6}\d+)\]/g

interface Place {
  id: string
  file: string
  line: number
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
  ]
  return { findings, rules: rules.length }
}

function readRules({ path, text }: TextFile): Place[] {
  return text.split('\n').flatMap((content, at) => {
    const id = RULE.exec(content)?.[1]
    return id ? [{ id, file: path, line: at + 1 }] : []
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
