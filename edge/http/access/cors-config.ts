// The operator's list of other origins, as a variable of either host. Knows no host.
import * as v from 'valibot'
import { commaList } from '#shared/comma-list.ts'

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text

export const CORS_VARIABLES = {
  CORS_ORIGINS: v.optional(
    v.pipe(
      v.string(),
      v.check(
        (text) => commaList(text).every(isOrigin),
        'must be origins like https://app.example.org, with commas between',
      ),
      v.transform(commaList),
    ),
    '',
  ),
}
