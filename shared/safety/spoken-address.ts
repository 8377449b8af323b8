// An e-mail address as it is said aloud: "jane dot doe at example dot com". Looked for from its first word on, word by word, so that
// a stream knows at each word whether it may still become one. Used by run-stage.ts. Pure.

/** Words of one address: more are a sentence. */
const MAX_WORDS = 13
const MAX_WORD_CHARS = 40
/** What is said after the last dot. */
const TOP_LEVEL = /^(?:com|net|org|edu|gov|io|ai|dev|app|info|biz|me|tw|cn|hk|sg|jp|uk|us|de|fr|eu|example)$/i
const WORD = /[\w-]*/y

/** What is expected next. */
type Expected = 'name' | 'dotOrAt' | 'moreName' | 'host' | 'dot' | 'domain' | 'end'

/** What is expected after this word; undefined where no address has it here. */
function after(expected: Expected, word: string): Expected | undefined {
  const lower = word.toLowerCase()
  switch (expected) {
    case 'name':
    case 'moreName':
      return 'dotOrAt'
    case 'dotOrAt':
      if (lower === 'at') return 'host'
      return /^(?:dot|dash|underscore)$/.test(lower) ? 'moreName' : undefined
    case 'host':
      return 'dot'
    case 'dot':
    case 'end':
      return lower === 'dot' ? 'domain' : undefined
    case 'domain':
      return TOP_LEVEL.test(word) ? 'end' : 'dot'
    default:
      return undefined
  }
}

/** Whether more letters could make it a word that is expected. */
function mayBecome(expected: Expected, begun: string): boolean {
  const lower = begun.toLowerCase()
  const words = expected === 'dotOrAt' ? ['dot', 'at', 'dash', 'underscore'] : ['dot']
  return expected === 'dotOrAt' || expected === 'dot' || expected === 'end'
    ? words.some((word) => word.startsWith(lower))
    : true
}

/** Where the address that begins at `at` ends; undefined where none does. `isEnd`: nothing follows the text. */
export function spokenAddressEnd(text: string, at: number, isEnd: boolean): number | 'unknown' | undefined {
  let expected: Expected = 'name'
  let end: number | undefined
  let from = at
  for (let count = 0; count < MAX_WORDS; count++) {
    WORD.lastIndex = from
    const word = WORD.exec(text)?.[0] ?? ''
    const wordEnd = from + word.length
    if (word.length > MAX_WORD_CHARS) return end
    if (wordEnd === text.length && !isEnd) return mayBecome(expected, word) ? 'unknown' : end
    const next: Expected | undefined = word === '' ? undefined : after(expected, word)
    if (next === undefined) return end
    expected = next
    if (expected === 'end') end = wordEnd
    if (!/\s/.test(text.charAt(wordEnd))) return end
    from = wordEnd + 1
  }
  return end
}
