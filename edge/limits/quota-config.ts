// The operator's quotas and prices, read from the variables of either host. Knows no host.
import * as v from 'valibot'

const MICROS = 1_000_000
const MINUTE_MS = 60_000
/** More than anybody means: over this something is misread. */
const MAX_AMOUNT = 1_000_000_000

/** 0 is for any number. */
const Whole = v.pipe(
  v.string(),
  v.regex(/^\d{1,10}$/, `must be a whole number from 0 to ${MAX_AMOUNT}`),
  v.transform(Number),
  v.maxValue(MAX_AMOUNT, `must be a whole number from 0 to ${MAX_AMOUNT}`),
)
const Money = v.pipe(
  v.string(),
  v.regex(/^\d{1,9}(\.\d{1,6})?$/, 'must be an amount like 2.50, 0 for any'),
  v.transform(Number),
)
const PRICES = 'must be JSON like {"llm":{"perThousandTokens":0.002},"tts":{"perMinute":0.01}}'
const amount = v.optional(v.pipe(v.number(PRICES), v.minValue(0, PRICES), v.maxValue(MAX_AMOUNT, PRICES)))
const Prices = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return JSON.parse(dataset.value) as unknown
    } catch {
      addIssue({ message: PRICES })
      return NEVER
    }
  }),
  v.record(v.string(), v.strictObject({ perThousandTokens: amount, perMinute: amount }, PRICES), PRICES),
)

export const QUOTA_VARIABLES = {
  SESSIONS_PER_USER: v.optional(Whole, '5'),
  TOKENS_PER_DAY: v.optional(Whole, '100000'),
  AUDIO_MINUTES_PER_DAY: v.optional(Whole, '60'),
  COST_PER_DAY: v.optional(Money, '0'),
  SERVICE_COST_PER_DAY: v.optional(Money, '0'),
  ENGINE_PRICES: v.optional(Prices, '{}'),
}
type Variables = v.InferOutput<v.ObjectSchema<typeof QUOTA_VARIABLES, undefined>>

export function meteringOf(variables: Variables) {
  return {
    quotas: {
      sessions: limit(variables.SESSIONS_PER_USER),
      tokensPerDay: limit(variables.TOKENS_PER_DAY),
      audioMsPerDay: limit(variables.AUDIO_MINUTES_PER_DAY * MINUTE_MS),
      costMicrosPerDay: limit(Math.round(variables.COST_PER_DAY * MICROS)),
      serviceCostMicrosPerDay: limit(Math.round(variables.SERVICE_COST_PER_DAY * MICROS)),
    },
    prices: variables.ENGINE_PRICES,
  }
}

const limit = (max: number): number | null => (max === 0 ? null : max)
