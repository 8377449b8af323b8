// The words of an utterance as the intent tables expect them, however a recogniser or a keyboard wrote them.
// Used by the responder only. Pure.
import type { Language } from '#gpu-node/engines/ports.ts'

const CONTRACTIONS: [RegExp, string][] = [
  [/\b(what|who|where|how|when|that|it|there|here|he|she|name)'?s\b/g, '$1 is'],
  [/\bi'?m\b/g, 'i am'],
  [/\b(you|we|they)'re\b/g, '$1 are'],
  [/\b(can|do|did|is|are|was|could)n'?t\b/g, '$1 not'],
  [/\blet's\b/g, 'let us'],
  [/\bwanna\b/g, 'want to'],
]

/** Sounds and courtesies that change no intent. */
const FILLERS = /\b(?:um+|uh+|erm?|hmm+|mm+|ah|oh|well|so|okay|ok|please|just|actually|really)\b/g
const FILLERS_ZH = /嗯|呃|额|啊|哦|那个|请问|麻烦|请/g

/** What recognisers write for noise (`<sil>`, `[NOISE]`, `++UH++`) and for variants of a word (`the(2)`). */
const MARKS = /<[^>]*>|\[[^\]]*\]|\+\+[^+]*\+\+|\(\d+\)/g

const SIGNS: [RegExp, string][] = [
  [/\+/g, ' plus '],
  [/[×*]|(?<=\d)\s*x\s*(?=\d)/g, ' times '],
  [/÷|(?<=\d)\s*\/\s*(?=\d)/g, ' divided by '],
  [/(?<=\d)\s*[-−]\s*(?=\d)/g, ' minus '],
]

/** Traditional characters of the intent tables; everything else is compared as it is. */
const TRADITIONAL = '麼嗎這說講謝誰時間幾號點鐘麗個數學會聽見話問題剛纔後來還記過寫週為開關氣樣現們歲帶從給幫覺歡愛討厭'
const SIMPLIFIED = '么吗这说讲谢谁时间几号点钟丽个数学会听见话问题刚才后来还记过写周为开关气样现们岁带从给帮觉欢爱讨厌'
const SIMPLER = new Map(Array.from(TRADITIONAL, (char, i) => [char, SIMPLIFIED[i] ?? char]))

/** Lower case, no punctuation, no fillers; Chinese in simplified characters and without spaces inside a clause. */
export function normalise(utterance: string, language: Language): string {
  const plain = utterance.normalize('NFKC').toLowerCase().replace(MARKS, ' ').replaceAll('’', "'")
  return language === 'zh' ? normaliseChinese(plain) : normaliseEnglish(plain)
}

function normaliseEnglish(plain: string): string {
  let words = plain
  for (const [pattern, replacement] of [...SIGNS, ...CONTRACTIONS]) words = words.replace(pattern, replacement)
  words = squeeze(words.replace(/[^\p{L}\p{N}'.]|\.(?!\d)/gu, ' '))
  // "Okay" alone is an answer, not a filler.
  return squeeze(words.replace(FILLERS, ' ')) || words
}

function normaliseChinese(plain: string): string {
  const simple = plain.replace(/\p{Script=Han}/gu, (char) => SIMPLER.get(char) ?? char)
  // Recognisers and some keyboards put spaces between characters; punctuation becomes the only space.
  const joined = simple.replace(/(?<=\p{Script=Han})\s+(?=\p{Script=Han})/gu, '')
  const words = squeeze(joined.replace(/[^\p{L}\p{N}+\-×*÷/.·]|\.(?!\d)/gu, ' '))
  return squeeze(words.replace(FILLERS_ZH, '')) || words
}

const squeeze = (words: string): string => words.replace(/\s+/g, ' ').trim()

export const hasChinese = (text: string): boolean => /\p{Script=Han}/u.test(text)

/** Edits of single characters that turn one text into the other (Levenshtein). */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const kept = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(kept, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
