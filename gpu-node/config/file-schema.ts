// What may stand in gpu-node.toml: its keys, their kinds and bounds, as one schema. Says nothing of what follows from them.
import * as v from 'valibot'
import { DIALECTS } from './plan.ts'
import { MAX_SLOTS } from '#shared/protocol/node-messages.ts'

const within = (min: number, max: number) => {
  const allowed = `must be a number from ${min} to ${max}`
  return v.optional(v.pipe(v.number(allowed), v.minValue(min, allowed), v.maxValue(max, allowed)))
}
const whole = (min: number, max: number) => {
  const allowed = `must be a whole number from ${min} to ${max}`
  return v.optional(v.pipe(v.number(allowed), v.integer(allowed), v.minValue(min, allowed), v.maxValue(max, allowed)))
}
const text = v.optional(v.pipe(v.string('must be text'), v.minLength(1, 'must not be empty')))
const oneOf = <const T extends readonly string[]>(...allowed: T) =>
  v.optional(v.picklist(allowed, `must be one of ${allowed.join(', ')}`))
const allowedAddress = 'must be an address (http:, https:)'
const address = v.pipe(
  v.string(allowedAddress),
  v.check((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol), allowedAddress),
)
const LANGUAGES = ['en', 'zh'] as const
const languages = v.optional(v.array(v.picklist(LANGUAGES, `must be one of ${LANGUAGES.join(', ')}`), 'must be a list'))

const Served = {
  /** Name of the environment variable that holds the key; the key itself never stands in the file. */
  api_key_env: v.optional(v.pipe(v.string(), v.regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of a variable'))),
  dialect: oneOf(...DIALECTS),
  voice: text,
  mode: oneOf('fast', 'hq'),
  script: oneOf('hans'),
  languages,
  sample_rate: whole(8_000, 48_000),
}

export const Attached = v.strictObject({
  kind: v.literal('attached'),
  url: address,
  model: v.pipe(v.string('must be text'), v.minLength(1, 'must not be empty')),
  ...Served,
})
export type Attached = v.InferOutput<typeof Attached>

const ManagedKeys = v.strictObject({
  kind: v.literal('managed'),
  engine: oneOf('vllm', 'faster-whisper', 'f5-tts'),
  model: text,
  port: whole(1, 65_535),
  venv: text,
  command: v.optional(v.pipe(v.array(v.string(), 'must be a list of words'), v.minLength(1, 'must not be empty'))),
  environment: v.optional(v.record(v.string(), v.string('must be text'))),
  working_folder: text,
  device: oneOf('cuda', 'cpu'),
  compute_type: oneOf('float16', 'bfloat16', 'int8_float16', 'int8_bfloat16', 'int8_float32', 'int8', 'float32'),
  voices: text,
  kv_cache_gib: within(0.25, 64),
  max_model_len: whole(512, 131_072),
  vram_reserve_gib: within(0, 192),
  start_timeout_s: whole(1, 3_600),
  on_demand: v.optional(v.boolean('must be true or false')),
  idle_unload_s: whole(10, 86_400),
  ...Served,
})
/** CTranslate2 has no 16-bit floats on a processor (quantization.md), and would say so only at the engine's start. */
const ON_CPU = ['int8', 'int8_float32', 'float32']
export const Managed = v.pipe(
  ManagedKeys,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    const { device, compute_type: value } = dataset.value
    if (device !== 'cpu' || value === undefined || ON_CPU.includes(value)) return
    const at = { type: 'object', origin: 'value', input: dataset.value, key: 'compute_type', value } as const
    addIssue({ input: value, path: [at], message: `must be one of ${ON_CPU.join(', ')} with device = "cpu"` })
  }),
)
export type Managed = v.InferOutput<typeof Managed>

export const KINDS = { attached: Attached, managed: ManagedKeys }

const chain = v.optional(v.array(v.string('must be the name of an engine'), 'must be a list of names'))
export const GpuNodeFile = v.strictObject({
  slots: whole(1, MAX_SLOTS),
  models: text,
  venvs: text,
  roles: v.optional(v.strictObject({ llm: chain, stt: chain, 'tts.fast': chain, 'tts.hq': chain })),
  engines: v.optional(
    v.record(v.string(), v.variant('kind', [Attached, Managed], `must have kind = "managed" or "attached"`)),
  ),
  guard: v.optional(
    v.strictObject({
      max_vram_fraction: within(0.5, 0.99),
      max_waiting_requests: whole(1, 1_000),
      max_kv_cache_fraction: within(0.1, 1),
      max_stt_queue_ms: whole(10, 60_000),
      max_tts_queue_ms: whole(10, 60_000),
    }),
  ),
  speech_cache: v.optional(v.strictObject({ max_mib: whole(1, 1_048_576), folder: text })),
})
export type GpuNodeFile = v.InferOutput<typeof GpuNodeFile>
