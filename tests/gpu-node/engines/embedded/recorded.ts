// The recorded speech among the fixtures as frames of the VAD, for its contract with the reference and for its bench.
import { decodeFile } from '#gpu-node/voices/decode.ts'
import { ENGINE_INPUT_RATE, VAD_FRAME_SAMPLES } from '#gpu-node/engines/ports.ts'
import { pcmToFloat } from '#shared/audio/pcm.ts'
import { resamplePcm } from '#shared/audio/resample.ts'
import { systemClock } from '#shared/clock.ts'
import { framesOf } from './spoken.ts'

export async function recordedFrames(): Promise<Float32Array[]> {
  const decoded = await decodeFile('tests/fixtures/recordings/speech.flac', 'flac', { clock: systemClock })
  if (decoded.outcome !== 'decoded') throw new Error(`the recording is ${decoded.outcome}`)
  return framesOf(pcmToFloat(resamplePcm(decoded.pcm, decoded.sampleRate, ENGINE_INPUT_RATE)), VAD_FRAME_SAMPLES)
}
