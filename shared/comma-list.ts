// Lists in one text, with commas between, as headers and variables have them. Pure.

/** Blanks around an entry do not count, and neither do empty entries. */
export const commaList = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
