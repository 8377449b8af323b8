// Counts what a computation does, so that a test of "linear in its input" asks no clock: the steps of each regular expression
// (pattern-steps.ts), the characters that built-ins of strings copy or search, and the calls of maps, sets and arrays.
import { createStepMatcher, type StepMatcher } from './pattern-steps.ts'

/** A pattern that backtracks without bound comes here in a moment, instead of never to its end. */
const MAX_STEPS = 40_000_000
const COUNTED: readonly (readonly [object, readonly string[]])[] = [
  [Map.prototype, ['get', 'has', 'set', 'delete']],
  [Set.prototype, ['has', 'add', 'delete']],
  [Array.prototype, ['push', 'splice', 'slice', 'indexOf', 'includes', 'shift', 'concat']],
  [String.prototype, ['slice', 'indexOf', 'includes', 'normalize', 'toLowerCase', 'codePointAt', 'charCodeAt']],
]
/** Of these, a call looks at the whole of what it is called on, or makes as much. */
const WHOLE = new Set(['splice', 'indexOf', 'includes', 'shift', 'concat', 'normalize', 'toLowerCase'])

export function countSteps(run: () => void): number {
  let steps = 0
  let isOwn = false
  const step = (): void => {
    if (++steps > MAX_STEPS) throw new Error(`more than ${MAX_STEPS} steps`)
  }
  const matchers = new Map<string, StepMatcher>()
  const exec = RegExp.prototype.exec
  /** Work of the counter itself does not count. */
  const unseen = <T>(work: () => T): T => {
    isOwn = true
    try {
      return work()
    } finally {
      isOwn = false
    }
  }

  function counted(this: RegExp, text: string): RegExpExecArray | null {
    if (isOwn) return exec.call(this, text)
    return unseen(() => {
      const { source, flags, global, sticky } = this
      const from = global || sticky ? this.lastIndex : 0
      const name = `/${source}/${flags}`
      let matcher = matchers.get(name)
      if (!matcher) matchers.set(name, (matcher = createStepMatcher(this, step)))
      const found = matcher.find(text, from, sticky)
      const match = exec.call(this, text)
      if (found?.index !== match?.index || (found && match && found.end - found.index !== match[0].length))
        throw new Error(`the steps of ${name} are not those of the engine`)
      return match
    })
  }

  const restores = COUNTED.flatMap(([prototype, names]) =>
    names.map((name) => {
      const isWhole = WHOLE.has(name)
      const own = Reflect.get(prototype, name) as (...args: unknown[]) => unknown
      Reflect.set(prototype, name, function (this: { length?: number }, ...args: unknown[]) {
        const result = Reflect.apply(own, this, args)
        if (!isOwn) steps += 1 + (isWhole ? (this.length ?? 0) : name === 'slice' ? (result as string).length : 0)
        return result
      })
      return () => Reflect.set(prototype, name, own)
    }),
  )
  RegExp.prototype.exec = counted
  try {
    run()
  } finally {
    RegExp.prototype.exec = exec
    for (const restore of restores) restore()
  }
  return steps
}
