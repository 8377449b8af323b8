// What a turn costs by the operator's prices, in millionths of his currency. Pure. Used by the stores beside it.
import type { TurnRecord } from '#shared/model/turn.ts'
import { FIRST_HOLD, type Metering, type Price } from './quotas.ts'

const MICROS = 1_000_000
const MINUTE_MS = 60_000

type Prices = Metering['prices']

export function costMicrosOf({ engines, usage }: Pick<TurnRecord, 'engines' | 'usage'>, prices: Prices): number {
  const { promptTokens, completionTokens, inputAudioMs, outputAudioMs } = usage
  const [stt, llm, tts] = (['stt', 'llm', 'tts'] as const).map((role) => priceOf(role, engines[role], prices))
  const cost =
    ((llm?.perThousandTokens ?? 0) * (promptTokens + completionTokens)) / 1_000 +
    ((stt?.perMinute ?? 0) * inputAudioMs) / MINUTE_MS +
    ((tts?.perMinute ?? 0) * outputAudioMs) / MINUTE_MS
  return Math.ceil(cost * MICROS)
}

/** What a session holds before its first turn. Its engines are not known yet, so the dearest ones count. */
export function firstHoldMicros(prices: Prices): number {
  const dearest = (of: keyof Price): number => Math.max(0, ...Object.values(prices).map((price) => price[of] ?? 0))
  const cost =
    (dearest('perThousandTokens') * FIRST_HOLD.tokens) / 1_000 + (dearest('perMinute') * FIRST_HOLD.audioMs) / MINUTE_MS
  return Math.ceil(cost * MICROS)
}

function priceOf(role: string, id: string | undefined, prices: Prices): Price | undefined {
  const name = id?.slice(0, id.lastIndexOf('@'))
  const found = [id, name, role].find((key) => key !== undefined && Object.hasOwn(prices, key))
  return found === undefined ? undefined : prices[found]
}
