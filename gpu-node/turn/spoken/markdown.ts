// Markup is for the eye: what is left of it is what a reader would read out, a breath where a line ends. Pure.

/** Named entities that models write; others by number. */
const ENTITIES: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  hellip: '…',
  deg: '°',
}

export function withoutMarkup(text: string, pause: string): string {
  return (
    text
      .replace(/<\/?[a-z][^<>]*>/gi, ' ')
      .replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/gi, (_, decimal?: string, hex?: string, name?: string) =>
        name === undefined
          ? character(decimal === undefined ? parseInt(hex ?? '', 16) : Number(decimal))
          : (ENTITIES[name.toLowerCase()] ?? ' '),
      )
      .replace(/!?\[([^\]]*)\]\([^)\s]*(?:\s+"[^"]*")?\)/g, '$1')
      // Rules, and the line under a table's head.
      .replace(/^[ \t]*[|:*_-][ \t|:*_-]{2,}$/gm, '')
      .replace(/^\s{0,3}(?:#{1,6}\s+|>\s?|(?:[-*+•]\s+(?:\[[ x]\]\s+)?))/gm, '')
      .replace(/^(\s*\d{1,3})[.)]\s+/gm, `$1${pause}`)
      .replace(/^[ \t]*\||\|[ \t]*$/gm, '')
      .replace(/[ \t]*\|[ \t]*/g, pause)
      .replace(/(?<=\d)\s*\*\s*(?=\d)/g, ' × ')
      .replace(/[`*]+|~~/g, '')
      .replace(/(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, '')
      .replace(/(?<=[\p{L}\p{N})%”"'])[ \t]*\n\s*(?=\S)/gu, pause)
  )
}

/** Out of range: a blank. */
const character = (code: number): string => (code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : ' ')
