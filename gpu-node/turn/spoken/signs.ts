// The last sweep: emoji and signs that nothing before could name go, and blanks that the others left. Pure. After this there
// is no symbol and no figure, only letters, marks of punctuation and blanks.

const EMOJI =
  /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|\u200D|\uFE0E|\uFE0F|\u20E3|[\u{E0020}-\u{E007F}]/gu
/** What is read out by its name, or not at all. */
const SIGNS = /[\p{S}\p{N}\p{C}*#@&%/\\_^~|<>{}[\]•·※§¶†‡]/gu
const HAN = String.raw`\p{Script=Han}`

export const withoutEmoji = (text: string): string => text.replace(EMOJI, '')

export function withoutSigns(text: string): string {
  return (
    text
      .replace(/\s*(?:→|⇒|=>|->)\s*/g, ', ')
      .replace(SIGNS, ' ')
      .replace(/\s+/g, ' ')
      // The blanks around a Chinese number are only for Latin neighbours.
      .replace(new RegExp(`(?<=[${HAN}，。、；：！？]) (?=[${HAN}，。、；：！？])`, 'gu'), '')
      .replace(/ +(?=[,.!?;:，。、；：！？)）”’」』%])/g, '')
      .replace(/(?<=[(（“「『]) +/g, '')
      .replace(/"([^"]*)"/g, (_, quoted: string) => `"${quoted.trim()}"`)
      .trim()
  )
}
