// Finds what looks like a secret in text. Pure; check-secrets.ts gives it the files that git tracks.
import type { Finding, TextFile } from './finding.ts'

/** Tokens whose shape alone gives them away. The tail must look random, so that `pk_xxxxxxxx` in a document passes. */
const SHAPES: [string, RegExp][] = [
  ['private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/g],
  ['key or token of this product', /\b(?:pk|ek|sk|nk|tk|rt)_[A-Za-z0-9_-]{20,}/g],
  ['AWS access key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g],
  ['GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{40,})/g],
  ['OpenAI or Anthropic key', /\bsk-[A-Za-z0-9_-]{24,}/g],
  ['npm or Hugging Face token', /\b(?:npm|hf)_[A-Za-z0-9]{30,}/g],
  ['Slack token', /\bxox[abprs]-[A-Za-z0-9-]{10,}/g],
  ['Google API key', /\bAIza[0-9A-Za-z_-]{35}/g],
  ['JSON web token', /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g],
  ['password in an address', /\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@'"`$<{]+:([^\s:/@'"`$<{]{6,})@/g],
]

const ASSIGNMENT =
  /(?:secret|token|passw(?:or)?d|api_?key|access_?key|private_?key|auth)\w*["']?\s*(?:=|:)\s*["'`]?([A-Za-z0-9+/_=-]{20,})/gi

/** Bits per character. English identifiers stay under 3.6 at these lengths, random base64 and hex of 20 and more above 3. */
const MIN_SHAPE_BITS = 3
const MIN_ASSIGNED_BITS = 3.5

/** Lockfiles hold integrity digests by the hundred and nothing that a person wrote. */
const SKIPPED = /(?:^|\/)package-lock\.json$/

export function findSecrets(files: TextFile[]): Finding[] {
  return files.filter(({ path }) => !SKIPPED.test(path)).flatMap(searchFile)
}

function searchFile({ path, text }: TextFile): Finding[] {
  const shapes = SHAPES.flatMap(([what, shape]) =>
    [...text.matchAll(shape)]
      .filter(([hit, part]) => entropyOf(part ?? hit) >= MIN_SHAPE_BITS)
      .map((match) => ({ what, match })),
  )
  const assigned = [...text.matchAll(ASSIGNMENT)]
    .filter((match) => looksRandom(match[1] ?? ''))
    .map((match) => ({ what: 'random-looking value of a secret', match }))
  return [...shapes, ...assigned].map(({ what, match }) => ({
    file: path,
    line: text.slice(0, match.index).split('\n').length,
    // The secret itself must not be repeated in a log of the check.
    what: `${what}: ${match[0].slice(0, 6)}…`,
  }))
}

function looksRandom(value: string): boolean {
  const hasBoth = /\d/.test(value) && /[A-Za-z]/.test(value)
  return hasBoth && entropyOf(value) >= MIN_ASSIGNED_BITS
}

/** Shannon entropy of the characters, in bits per character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>()
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1)
  return [...counts.values()].reduce((bits, n) => bits - (n / text.length) * Math.log2(n / text.length), 0)
}
