// Makes the linter's overrides of the table of layers, and says by itself which import a layer refuses. Pure;
// check-layers.ts reads and writes .oxlintrc.json with it. It knows no layer.
import { REFUSED_GLOBALS, type Layer } from './layer-table.ts'

/** Named where the file and the table differ. */
export const HOW_TO_WRITE = 'npm run lint:layers'

/** From here to its end the file is made; what stands before is written by hand. */
const OVERRIDES = /\n {2}"overrides": \[[^]*$/

/** The text of .oxlintrc.json with its overrides made anew, one line each. */
export function withLayers(text: string, layers: Layer[]): string {
  const lines = layers.map((layer) => `    ${JSON.stringify(overrideOf(layer))}`)
  return text.replace(OVERRIDES, () => `\n  "overrides": [\n${lines.join(',\n')}\n  ]\n}\n`)
}

interface Pattern {
  message: string
  group?: string[]
  regex?: string
  allowTypeImports?: true
}

export interface Override {
  files: string[]
  rules: Record<string, unknown>
}

export function overrideOf(layer: Layer): Override {
  const { files, message, types = [], globals, off = [] } = layer
  const patterns: Pattern[] = [{ message, group: groupOf(layer) }]
  if (types.length > 0)
    patterns.unshift({ message, allowTypeImports: true, regex: `^(?:${types.map(regexOf).join('|')})` })
  return {
    files,
    rules: {
      ...Object.fromEntries(off.map((rule) => [rule, 'off'])),
      'no-restricted-globals': globals === undefined ? 'off' : ['error', ...REFUSED_GLOBALS[globals]],
      'no-restricted-imports': ['error', { patterns }],
    },
  }
}

/** In the linter the last pattern that fits decides; `!` allows. */
function groupOf({ only, not = [], but = [], types = [] }: Layer): string[] {
  const allow = (patterns: string[]): string[] => patterns.map((pattern) => `!${pattern}`)
  if (only) return ['**', ...allow(['./*', ...only, ...types]), ...not]
  return ['../**', '..', ...not, ...allow([...but, ...types])]
}

/** The same without the linter: what layers.test.ts expects of it. */
export function isRefused({ only, not = [], but = [], types = [] }: Layer, path: string, isType: boolean): boolean {
  const isIn = (patterns: string[]): boolean => patterns.some((pattern) => fits(pattern, path))
  if (!isType && isIn(types)) return true
  if (only) return !isIn(['./*', ...only, ...types]) || isIn(not)
  return path.startsWith('../') || (isIn(not) && !isIn([...but, ...types]))
}

/** `**` stands for any number of folders and a file, `*` for one name or a part of it. */
function fits(pattern: string, path: string): boolean {
  return new RegExp(`^(?:${regexOf(pattern)})`).test(path)
}

function regexOf(pattern: string): string {
  const [start = '', ...rest] = pattern.split('**')
  const text = start.replaceAll(/[.\\/$+?()[\]{}|^]/g, String.raw`\$&`).replaceAll('*', '[^/]*')
  return rest.length > 0 ? text : `${text}$`
}

/** A path that fits the pattern. */
export function sampleOf(pattern: string): string {
  return pattern.replace('**', 'any/x.ts').replace('*', 'x')
}
