// Dates and times of day: 2026-11-26, 11/26, Nov 26, 10:30, 3pm, 2026年. Pure.
import type { Words } from './word-pieces.ts'

const YMD = /(?<![\d./-])([12]\d{3})([-/.])(\d{1,2})(?:\2(\d{1,2}))?(?![\d/-]|\.\d)/g
const MDY = /(?<![\d./-])(\d{1,2})\/(\d{1,2})\/([12]\d{3})(?![\d/-])/g
const MD = /(?<![\d./-])(\d{1,2})\/(\d{1,2})(?![\d/-]|\.\d|\s*%)/g
const MONTH_DAY =
  /\b(January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?![\d:,.]\d|\d)/g
const TIME = /(?<![\d:：.])([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?:\s*([ap])\.?m\b\.?)?(?![\d:：])/gi
const HOUR = /(?<![\d:.,])(1[0-2]|0?[1-9])\s*([ap])\.?m\b\.?/gi
const DECADE = /(?<!\d)(1[1-9]\d0|20\d0)s\b/g
/** 10:30-11:30, 9am-5pm, 3月5日-7日, 11/26-11/28. */
const SPAN = /(?<=[:：]\d\d|[ap]m|[年月日号號]|\d\/\d{1,2})\s?[-–—~～]\s?(?=\d)/gi
const YEAR_ZH = /(?<!\d)(\d{4})(?=\s*年)/g
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export function sayDates(text: string, words: Words): string {
  return text
    .replace(SPAN, () => ` ${words.sign('to')} `)
    .replace(DECADE, (_, year: string) => words.decade(year))
    .replace(YMD, (written, ...groups: string[]) => {
      const [year, mark, month, day] = groups as [string, string, string, string?]
      // "2026.5" is a number.
      if (!isMonth(month) || (day === undefined ? mark === '.' : !isDay(day))) return written
      return words.date({ year, month: Number(month), day: day === undefined ? undefined : Number(day) })
    })
    .replace(MDY, (written, month: string, day: string, year: string) =>
      isMonth(month) && isDay(day) ? words.date({ year, month: Number(month), day: Number(day) }) : written,
    )
    .replace(MD, (written, month: string, day: string) =>
      isMonth(month) && isDay(day) && !isFraction(month, day)
        ? words.date({ month: Number(month), day: Number(day) })
        : written,
    )
    .replace(MONTH_DAY, (written, month: string, day: string) =>
      isDay(day) ? words.date({ month: MONTHS.indexOf(month.slice(0, 3)) + 1, day: Number(day) }) : written,
    )
    .replace(TIME, (_, ...groups: string[]) => {
      const [hour, minute, second, half] = groups as [string, string, string?, string?]
      return words.time({
        hour: Number(hour),
        minute: Number(minute),
        second: second === undefined ? undefined : Number(second),
        half: half && `${half.toLowerCase()}m`,
      })
    })
    .replace(HOUR, (_, hour: string, half: string) =>
      words.time({ hour: Number(hour), minute: 0, half: `${half.toLowerCase()}m` }),
    )
    .replace(YEAR_ZH, (year) => words.year(year))
}

/** 3/4 and 1/100 are parts of a whole, 11/26 is a day. */
export const isFraction = (over: string, under: string): boolean =>
  Number(over) < Number(under) && (Number(under) <= 10 || /^10+$/.test(under))

const isMonth = (month: string): boolean => Number(month) >= 1 && Number(month) <= 12
const isDay = (day: string): boolean => Number(day) >= 1 && Number(day) <= 31
