// How one language says what is written in figures and signs. Implemented by english.ts and chinese.ts; used by the other
// files of this folder, which know the notations and no words.

/** Amounts are as they are written: "1,234.5". */
export interface Words {
  /** Any number, also below zero. */
  number: (amount: string) => string
  /** Figure by figure, as in a telephone number; other characters are breaths. */
  digits: (text: string) => string
  year: (year: string) => string
  /** Four figures that nothing says to be a year, but that look like one. */
  bareYear: (year: string) => string
  /** "1990s". */
  decade: (year: string) => string
  power: (exponent: string) => string
  ordinal: (amount: string) => string
  /** `year` and `day` where they are written. */
  date: (date: { year?: string; month: number; day?: number }) => string
  time: (time: { hour: number; minute: number; second?: number; half?: string }) => string
  percent: (amount: string) => string
  fraction: (over: string, under: string) => string
  /** Undefined for what is no unit. */
  unit: (amount: string, symbol: string) => string
  /** `scale` is the word of "$3 million", as it is written. */
  money: (amount: string, currency: string, scale?: string) => string
  /** A sign between two amounts, or before one: + - * / = < > ~, `to` of a range, `:` of a ratio, `below` zero. */
  sign: (sign: string) => string
  /** Between the parts of a version. */
  point: string
  /** Of an address: "dot", "at". */
  dot: string
  at: string
  link: string
  /** What parts two lines that had no mark of their own. */
  pause: string
}

/** An amount: 1,234.5 or 3.14 or 7; a comma parts thousands only. */
export const AMOUNT = String.raw`(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?`

/** Without the commas of thousands. */
export const plain = (amount: string): string => amount.replaceAll(',', '')
