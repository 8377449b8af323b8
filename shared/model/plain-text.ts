// Text that may be stored and shown: well-formed Unicode without U+0000. A lone surrogate cannot be written as UTF-8,
// and C code ends a string at U+0000.
import * as v from 'valibot'

export const isPlain = (text: string): boolean => text.isWellFormed() && !text.includes('\u0000')

export const plainText = v.check(isPlain, 'expected text without lone surrogates and U+0000')
