// The operator's list of other origins, as a variable of either host. Knows no host.
import * as v from 'valibot'

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text
const split = (text: string): string[] =>
  text
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '')

export const CORS_VARIABLES = {
  CORS_ORIGINS: v.optional(
    v.pipe(
      v.string(),
      v.check(
        (text) => split(text).every(isOrigin),
        'must be origins like https://app.example.org, with commas between',
      ),
      v.transform(split),
    ),
    '',
  ),
}
