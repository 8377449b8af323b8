// How well and how fast the filters judge a corpus. Used by the safety tests and the bench.
import { findInjection } from '#shared/safety/input-filter.ts'
import { findMarkup } from '#shared/safety/markup-filter.ts'
import type { Corpus } from './corpus.ts'

export interface Figures {
  attacks: number
  passed: string[]
  harmless: number
  blocked: string[]
}

export function measure({ injections, markup, harmless }: Corpus): Figures {
  const passed = [
    ...injections.filter(({ text }) => findInjection(text) === undefined),
    ...markup.filter(({ text }) => findMarkup(text) === undefined),
  ].map(({ text }) => text)
  const blocked = harmless.filter((text) => findInjection(text) ?? findMarkup(text))
  return { attacks: injections.length + markup.length, passed, harmless: harmless.length, blocked }
}
