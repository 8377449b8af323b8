// What a recording may be, and what decoding one may take. Read by decode.ts and by the program that it starts.

/** Longer ones are music or a mistake: a voice is known after seconds. */
export const MAX_RECORDING_MS = 60_000
export const MAX_CHANNELS = 8
export const MIN_RATE = 8_000
export const MAX_RATE = 192_000

/** Good files of MAX_RECORDING_MS take less than a second. */
export const DECODE_MS = 10_000
/** Good ones stay below 200 MB; the heap's own limit does not hold what decoders in WebAssembly take. */
export const MAX_DECODE_RSS_BYTES = 768 * 1024 * 1024
export const MAX_DECODE_HEAP_MIB = 256

export const EXIT_UNREADABLE = 10
export const EXIT_TOO_LONG = 11
