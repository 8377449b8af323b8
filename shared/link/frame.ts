// What travels on a wire: text is a JSON message, bytes are an audio frame (protocol/audio-frame.ts).

export type Frame = string | Uint8Array<ArrayBuffer>

/** Bytes of a frame; text is counted in UTF-16 units, which is what a message of ours mostly is. */
export const frameBytes = (frame: Frame): number => (typeof frame === 'string' ? frame.length : frame.byteLength)
