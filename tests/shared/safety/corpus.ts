// The labelled sentences of tests/fixtures/safety. Used by the safety tests and the bench. `held-out.json` was written before any
// pattern was, and no pattern is made for it: it only measures.
import attacks from '#tests/fixtures/safety/attacks.json' with { type: 'json' }
import harmless from '#tests/fixtures/safety/harmless.json' with { type: 'json' }
import heldOut from '#tests/fixtures/safety/held-out.json' with { type: 'json' }

export interface Labelled {
  family: string
  text: string
}

export interface Corpus {
  injections: Labelled[]
  markup: Labelled[]
  harmless: string[]
}

const labelled = (byFamily: Record<string, string[]>): Labelled[] =>
  Object.entries(byFamily).flatMap(([family, texts]) => texts.map((text) => ({ family, text })))

export const CORPUS: Corpus = {
  injections: labelled(attacks.attacks),
  markup: labelled(attacks.markup),
  harmless: [...harmless.tricky, ...harmless.plain, ...harmless.spoken],
}

export const HELD_OUT: Corpus = {
  injections: labelled(heldOut.attacks),
  markup: labelled(heldOut.markup),
  harmless: heldOut.harmless,
}
