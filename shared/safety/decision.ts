// What a filter decided about a text: where, about what, and what was done. Part of a finished turn, counted in /metrics;
// it never holds any of the text.
import * as v from 'valibot'

/** Ways to talk a model out of its instructions. */
export const INJECTIONS = [
  'override',
  'roleChange',
  'promptExtraction',
  'delimiter',
  'encoded',
  'toolCommand',
  'jailbreak',
] as const
export type Injection = (typeof INJECTIONS)[number]

/** Markup that would run or load something where the text is shown. */
export const MARKUPS = [
  'scriptTag',
  'eventHandler',
  'scriptUrl',
  'dataUrl',
  'activeTag',
  'svg',
  'style',
  'metaBase',
  'encodedMarkup',
] as const
export type Markup = (typeof MARKUPS)[number]

/** What a reply must not say. */
export const SENSITIVE_KINDS = [
  'email',
  'phone',
  'taiwanId',
  'mainlandId',
  'card',
  'token',
  'privateKey',
  'localAddress',
  'systemPrompt',
  'profanity',
  'url',
] as const
export type SensitiveKind = (typeof SENSITIVE_KINDS)[number]

export const SafetyDecision = v.object({
  layer: v.picklist(['input', 'markup', 'output']),
  /** For input an Injection, for markup a Markup, for output a SensitiveKind. */
  family: v.pipe(v.string(), v.maxLength(32)),
  action: v.picklist(['block', 'flag', 'mask', 'drop', 'end']),
})
export type SafetyDecision = v.InferOutput<typeof SafetyDecision>

/** The most different decisions of one turn: one for the utterance, at most one per kind for the reply. */
export const MAX_DECISIONS = 16
