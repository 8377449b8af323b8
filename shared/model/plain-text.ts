// Text that is stored and shown: whole Unicode, and nothing at which a database or a program ends a string. A lone surrogate has no UTF-8,
// and U+0000 ends a text where C reads it.
import * as v from 'valibot'

export const isPlain = (text: string): boolean => text.isWellFormed() && !text.includes('\u0000')

export const plainText = v.check(isPlain, 'expected text without lone surrogates and U+0000')
