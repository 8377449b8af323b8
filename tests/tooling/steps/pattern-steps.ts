// Matches a regular expression by backtracking, as engines do, and counts the steps. It is held against the engine's own
// answer at each match, so that the count is of the real pattern. Used by count-steps.ts.
import { readPattern, type PatternNode } from './pattern-tree.ts'

type Next = (at: number) => boolean
type Try = (at: number, next: Next) => boolean

export interface StepMatcher {
  /** Where the first match from `from` on stands; undefined where there is none. */
  find(text: string, from: number, isSticky: boolean): { index: number; end: number } | undefined
}

/** `step` is called once for each character that is looked at and each alternative that is begun. */
export function createStepMatcher({ source, flags }: RegExp, step: () => void): StepMatcher {
  const isUnicode = flags.includes('u')
  const own = flags.replaceAll(/[dgy]/g, '')
  let text = ''
  let groups: (string | undefined)[] = []

  const charAt = (at: number): string =>
    isUnicode ? String.fromCodePoint(text.codePointAt(at) ?? 0) : (text[at] ?? '')

  function oneChar(charSource: string): (char: string) => boolean {
    const pattern = new RegExp(`^(?:${charSource})$`, own)
    return remembered((char) => pattern.test(char))
  }

  /** Whether something that this matches may begin with this character; what may be empty may begin with any. */
  function firstOf(node: PatternNode): (char: string) => boolean {
    switch (node.kind) {
      case 'char':
        return oneChar(node.source)
      case 'group':
        return firstOf(node.of)
      case 'choice': {
        const all = node.of.map(firstOf)
        return (char) => all.some((one) => one(char))
      }
      case 'sequence': {
        const first = node.of.find(({ kind }) => kind !== 'edge' && kind !== 'look')
        return first ? firstOf(first) : () => true
      }
      case 'repeat':
        return node.min > 0 ? firstOf(node.of) : () => true
      default:
        return () => true
    }
  }

  function compile(node: PatternNode): Try {
    switch (node.kind) {
      case 'char': {
        const matches = oneChar(node.source)
        return (at, next) => {
          step()
          if (at >= text.length) return false
          const char = charAt(at)
          return matches(char) && next(at + char.length)
        }
      }
      case 'edge': {
        const pattern = new RegExp(node.source, `${own}y`)
        return (at, next) => {
          step()
          pattern.lastIndex = at
          return pattern.test(text) && next(at)
        }
      }
      case 'sequence':
        return node.of.map(compile).reduceRight<Try>(
          (rest, one) => (at, next) => one(at, (then) => rest(then, next)),
          (at, next) => next(at),
        )
      case 'choice': {
        const all = node.of.map((one) => ({ run: compile(one), begins: firstOf(one) }))
        const from = remembered((char) => all.filter(({ begins }) => begins(char)).map(({ run }) => run))
        const atEnd = all.map(({ run }) => run)
        return (at, next) => {
          step()
          return (at < text.length ? from(charAt(at)) : atEnd).some((run) => run(at, next))
        }
      }
      case 'group': {
        const inside = compile(node.of)
        return (at, next) =>
          inside(at, (end) => {
            const before = groups[node.number]
            groups[node.number] = text.slice(at, end)
            if (next(end)) return true
            groups[node.number] = before
            return false
          })
      }
      case 'again':
        return (at, next) => {
          step()
          const said = groups[node.number] ?? ''
          return text.startsWith(said, at) && next(at + said.length)
        }
      case 'look':
        return look(node)
      case 'repeat':
        return repeat(node)
    }
  }

  function look({ of, isBehind, isNegative }: PatternNode & { kind: 'look' }): Try {
    const inside = compile(of)
    const width = isBehind ? widthOf(of) * (isUnicode ? 2 : 1) : 0
    const holds = (at: number): boolean => {
      if (!isBehind) return inside(at, () => true)
      for (let from = at; from >= Math.max(0, at - width); from--) if (inside(from, (end) => end === at)) return true
      return false
    }
    return (at, next) => holds(at) !== isNegative && next(at)
  }

  function repeat({ of, min, max, isLazy }: PatternNode & { kind: 'repeat' }): Try {
    if (of.kind === 'char' && !isLazy) return repeatChar(of.source, min, max)
    const one = compile(of)
    const more = (count: number, at: number, next: Next): boolean => {
      // What matches nothing is not repeated without end.
      const again = (): boolean =>
        count < max && one(at, (end) => (end > at || count < min) && more(count + 1, end, next))
      if (count < min) return again()
      return isLazy ? next(at) || again() : again() || next(at)
    }
    return (at, next) => more(0, at, next)
  }

  /** The same as `repeat`, without a call inside a call for each character. */
  function repeatChar(charSource: string, min: number, max: number): Try {
    const matches = oneChar(charSource)
    return (at, next) => {
      const ends = [at]
      for (let end = at; end < text.length && ends.length <= max; ends.push(end)) {
        step()
        const char = charAt(end)
        if (!matches(char)) break
        end += char.length
      }
      for (let count = ends.length - 1; count >= min; count--) if (next(ends[count] ?? at)) return true
      return false
    }
  }

  const run = compile(readPattern(source))
  const begins = firstOf(readPattern(source))
  return {
    find(given, from, isSticky) {
      text = given
      for (let index = from; index <= (isSticky ? from : text.length); index++) {
        groups = []
        step()
        let end = index
        if (index < text.length && !begins(charAt(index))) continue
        if (run(index, (at) => ((end = at), true))) return { index, end }
      }
      return undefined
    },
  }
}

/** How many characters this may take at most. */
function widthOf(node: PatternNode): number {
  switch (node.kind) {
    case 'char':
      return 1
    case 'sequence':
      return node.of.reduce((sum, one) => sum + widthOf(one), 0)
    case 'choice':
      return Math.max(...node.of.map(widthOf))
    case 'group':
      return widthOf(node.of)
    case 'repeat':
      return node.max * widthOf(node.of)
    default:
      return 0
  }
}

function remembered<T>(ask: (char: string) => T): (char: string) => T {
  const known = new Map<string, T>()
  return (char) => {
    if (!known.has(char)) known.set(char, ask(char))
    return known.get(char) as T
  }
}
