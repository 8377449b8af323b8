// Characters that markup names by number.
import { expect, it } from 'vitest'
import { withoutMarkup } from '#gpu-node/turn/spoken/markdown.ts'

it('[SPO5] a character by its number is that character, up to the last one there is; any other is a blank', () => {
  expect(withoutMarkup('a&#65;b', ', ')).toBe('aAb')
  expect(withoutMarkup('a&#x10FFFF;b', ', ')).toBe(`a${String.fromCodePoint(0x10ffff)}b`)
  expect(withoutMarkup('a&#x110000;b', ', ')).toBe('a b')
  expect(withoutMarkup('a&#0;b', ', ')).toBe('a b')
})
