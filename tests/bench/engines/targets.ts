// What a node with an RTX 4090 should reach, and what the product's first version measured. Pure; the numbers are the project's
// own aims. Where an aim names no percentile, the stricter one of the table is taken.

export interface Figures {
  p50: number
  p95: number
}

export interface Target {
  text: string
  isMet(figures: Figures): boolean
}

const under = (limit: number, unit: string, of: keyof Figures): Target => ({
  text: `${of} < ${limit} ${unit}`,
  isMet: (figures) => figures[of] < limit,
})

export const TARGETS = {
  transcription: under(600, 'ms', 'p95'),
  firstToken: under(800, 'ms', 'p95'),
  tokens: { text: 'p50 > 50 /s', isMet: ({ p50 }) => p50 > 50 },
  fastFirstAudio: under(300, 'ms', 'p50'),
  fastSentence: under(1_500, 'ms', 'p50'),
  hqLoad: under(10_000, 'ms', 'p95'),
  characterErrors: under(10, '%', 'p50'),
  vram: under(90, '%', 'p95'),
  voiceToVoice: { text: 'p50 < 1000, p95 < 1800 ms', isMet: ({ p50, p95 }) => p50 < 1_000 && p95 < 1_800 },
  /** What failed stands beside it, and is never met. */
  soak: { text: 'every turn answered by what is configured', isMet: ({ p50 }) => p50 > 0 },
  listening: { text: 'mean ≥ 7', isMet: ({ p50 }) => p50 >= 7 },
} as const satisfies Record<string, Target>

export const EARLIER = {
  transcription: '532–1083 (CPU)',
  firstToken: '33–43',
  fastSentence: '1750–5400',
  voiceToVoice: '2300–3000',
  vram: '11.12 of 24 GB',
} as const

/** Sentences below which a rate of errors says too little. */
export const MIN_JUDGED_RECORDINGS = 100
/** The number of sessions for which the aim of voice-to-voice is stated. */
export const JUDGED_SESSIONS = 5
