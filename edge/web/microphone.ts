// The caller's microphone: asks for permission when opened, never before, and says plainly why it could not be opened.
// oxlint-disable-next-line import/default -- made by Vite
import workletUrl from './microphone-worklet.ts?worker&url'

export interface Microphone {
  close(): void
}

export interface MicrophoneEvents {
  /** 20 ms of PCM16 mono at 16 kHz. */
  onFrame: (pcm: Int16Array) => void
  /** It was unplugged, or its permission was withdrawn; not after close(). */
  onLost: () => void
}

/** The loudness at which the meter is full: speech at arm's length has an RMS of about a tenth of full scale. */
const FULL_METER_RMS = 0.1

/** Opens the microphone. Rejects with an Error whose message a person can read. */
export async function openMicrophone({ onFrame, onLost }: MicrophoneEvents): Promise<Microphone> {
  if (!globalThis.isSecureContext || navigator.mediaDevices === undefined)
    throw new Error('A browser gives the microphone only to pages of https:// or of this very machine (127.0.0.1).')
  const stream = await askForMicrophone()
  const context = new AudioContext()
  // A track that is stopped from here does not say `ended`.
  for (const track of stream.getTracks()) track.onended = onLost
  let isClosed = false
  const close = (): void => {
    isClosed = true
    for (const track of stream.getTracks()) track.stop()
    void context.close()
  }
  try {
    await context.audioWorklet.addModule(workletUrl)
    const source = context.createMediaStreamSource(stream)
    const worklet = new AudioWorkletNode(context, 'microphone', { numberOfOutputs: 0 })
    worklet.port.onmessage = (event: MessageEvent<Int16Array>) => {
      // The audio thread may still have one on its way.
      if (!isClosed) onFrame(event.data)
    }
    source.connect(worklet)
    await context.resume()
  } catch (error) {
    close()
    throw new Error('The microphone could not be opened. You can write below instead.', { cause: error })
  }
  return { close }
}

/** 0–1, for a meter. */
export function loudness(pcm: Int16Array): number {
  const power = pcm.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / Math.max(1, pcm.length)
  return Math.min(1, Math.sqrt(power) / FULL_METER_RMS)
}

async function askForMicrophone(): Promise<MediaStream> {
  try {
    // The browser removes our own reply from what the microphone hears; otherwise each reply would barge in on itself.
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    })
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error })
  }
}

function reasonOf(error: unknown): string {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError')
    return 'The microphone was refused. Allow it in the browser’s site settings and press the button again, or write below.'
  if (name === 'NotFoundError') return 'No microphone was found. You can write below instead.'
  if (name === 'NotReadableError') return 'Another program holds the microphone. Close it and press the button again.'
  return 'The microphone could not be opened. You can write below instead.'
}
