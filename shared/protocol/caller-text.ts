// Text by a caller's hand, on every wire and route that takes one.
import * as v from 'valibot'
import { isPlain } from '#shared/model/plain-text.ts'
import { MAX_TEXT_CHARS } from './limits.ts'

/** What a caller types or corrects; counted in code points, as a person counts. */
export const CallerText = v.pipe(
  v.string(),
  v.minLength(1),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    // Nobody could answer it, and a prompt without words is refused by some servers.
    if (dataset.value.trim() === '') addIssue({ label: 'text', expected: 'more than blanks' })
    if (!isPlain(dataset.value)) addIssue({ label: 'text', expected: 'no lone surrogate and no U+0000' })
    const got = [...dataset.value].length
    // decode() makes a too_large fault of an issue of this form.
    if (got > MAX_TEXT_CHARS) addIssue({ label: 'characters', expected: `<=${MAX_TEXT_CHARS}`, received: `${got}` })
  }),
)
