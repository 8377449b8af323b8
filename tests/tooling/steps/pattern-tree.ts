// Reads the source of a regular expression into a tree, for pattern-steps.ts. Knows the notation that this house uses: classes
// and escapes of one character are left as they stand, since the engine itself says what they match.

export type PatternNode =
  | { kind: 'char'; source: string }
  | { kind: 'edge'; source: string }
  | { kind: 'sequence' | 'choice'; of: PatternNode[] }
  | { kind: 'repeat'; of: PatternNode; min: number; max: number; isLazy: boolean }
  | { kind: 'group'; of: PatternNode; number: number }
  | { kind: 'look'; of: PatternNode; isBehind: boolean; isNegative: boolean }
  | { kind: 'again'; number: number }

const EDGE = /\\[bB]|[\^$]/y
const ONE_CHAR =
  /\[(?:\\.|[^\]\\])*\]|\\(?:[pP]\{[^}]+\}|u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[^1-9])|[^()|*+?\\[\]^$]/uy
const GROUP = /\((?:\?(?:(:)|(<?)([=!])|<(\w+)>))?/y
const AGAIN = /\\([1-9])/y
const QUANTIFIER = /(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})(\??)/y

export function readPattern(source: string): PatternNode {
  let at = 0
  let groups = 0

  function take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = at
    const match = pattern.exec(source)
    if (match) at = pattern.lastIndex
    return match ?? undefined
  }

  function choice(): PatternNode {
    const of = [sequence()]
    while (source[at] === '|') {
      at++
      of.push(sequence())
    }
    return of.length === 1 && of[0] ? of[0] : { kind: 'choice', of }
  }

  function sequence(): PatternNode {
    const of: PatternNode[] = []
    while (at < source.length && source[at] !== '|' && source[at] !== ')') of.push(repeated(atom()))
    return { kind: 'sequence', of }
  }

  function atom(): PatternNode {
    const edge = take(EDGE)
    if (edge) return { kind: 'edge', source: edge[0] }
    const again = take(AGAIN)
    if (again) return { kind: 'again', number: Number(again[1]) }
    const group = take(GROUP)
    if (group) return inGroup(group)
    const char = take(ONE_CHAR)
    if (!char) throw new Error(`cannot read ${source} at ${at}`)
    return { kind: 'char', source: char[0] }
  }

  function inGroup([, plain, behind, look]: RegExpExecArray): PatternNode {
    const number = plain === undefined && look === undefined ? ++groups : 0
    const of = choice()
    at++
    if (look !== undefined) return { kind: 'look', of, isBehind: behind === '<', isNegative: look === '!' }
    return number === 0 ? of : { kind: 'group', of, number }
  }

  function repeated(of: PatternNode): PatternNode {
    const quantifier = take(QUANTIFIER)
    if (!quantifier) return of
    const [text, least, comma, most, lazy] = quantifier
    const isLazy = lazy === '?'
    if (least === undefined) {
      const [min, max] = text.startsWith('*') ? [0, Infinity] : text.startsWith('+') ? [1, Infinity] : [0, 1]
      return { kind: 'repeat', of, min, max, isLazy }
    }
    const min = Number(least)
    return { kind: 'repeat', of, min, max: comma === undefined ? min : most === '' ? Infinity : Number(most), isLazy }
  }

  return choice()
}
