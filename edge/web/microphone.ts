// The caller's microphone: asks for permission when opened, never before, and says plainly why it could not be opened.
// oxlint-disable-next-line import/default -- made by Vite
import workletUrl from './microphone-worklet.ts?worker&url'

export interface Microphone {
  close(): void
}

/** Opens the microphone; `onFrame` gets 20 ms of PCM16 mono at 16 kHz. Rejects with an Error that a person can read. */
export async function openMicrophone(onFrame: (pcm: Int16Array) => void): Promise<Microphone> {
  if (!globalThis.isSecureContext || navigator.mediaDevices === undefined)
    throw new Error('A browser gives the microphone only to pages of https:// or of this very machine (127.0.0.1).')
  const stream = await askForMicrophone()
  const context = new AudioContext()
  const close = (): void => {
    for (const track of stream.getTracks()) track.stop()
    void context.close()
  }
  try {
    await context.audioWorklet.addModule(workletUrl)
    const source = context.createMediaStreamSource(stream)
    const worklet = new AudioWorkletNode(context, 'microphone', { numberOfOutputs: 0 })
    worklet.port.onmessage = (event: MessageEvent<Int16Array>) => onFrame(event.data)
    source.connect(worklet)
    await context.resume()
  } catch (error) {
    close()
    throw error
  }
  return { close }
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
