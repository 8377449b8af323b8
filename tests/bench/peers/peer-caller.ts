// A caller of a peer: the same microphone as Parley's, over the wire of pipecat_peer.py and livekit_peer.py, on which binary messages
// are samples and there are no others. Notes when the reply's first sound came; the turn is done when the reply has been heard.
import { WebSocket } from 'ws'
import { pcmToBytes } from '#shared/audio/pcm.ts'
import { systemClock } from '#shared/clock.ts'
import { Microphone } from '#tests/bench/microphone.ts'
import { monotonicMs } from '#tests/bench/monotonic.ts'
import { TURN_TIMEOUT_MS } from '#tests/bench/speaking-caller.ts'
import type { Answered, Caller } from './contender.ts'

const OUTPUT_RATE = 24_000
/** What rounding may take from a reply of some sentences: 10 ms. */
const MISSING_SAMPLES = OUTPUT_RATE / 100

export class PeerCaller implements Caller {
  readonly #socket: WebSocket
  readonly #replyMs: number
  readonly #microphone = new Microphone((frame) => this.#socket.send(pcmToBytes(frame)))
  #firstAudioAtMs: number | undefined
  #heardSamples = 0
  #done = Promise.withResolvers<Answered>()
  #isSpeaking = false

  constructor(url: string, replyMs: number) {
    this.#replyMs = replyMs
    this.#socket = new WebSocket(url, { perMessageDeflate: false })
    this.#socket.on('message', (content: Buffer) => this.#hear(content))
    this.#socket.on('close', () => this.#fail('the peer hung up'))
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve, reject) => this.#socket.once('open', resolve).once('error', reject))
    this.#socket.on('error', () => {})
    this.#microphone.start()
    return this
  }

  speak(pcm: Int16Array): Promise<Answered> {
    this.#firstAudioAtMs = undefined
    this.#heardSamples = 0
    this.#done = Promise.withResolvers()
    this.#isSpeaking = true
    this.#microphone.say(pcm)
    const cancel = systemClock.after(TURN_TIMEOUT_MS, () => this.#fail('no reply in time'))
    return this.#done.promise.finally(() => {
      cancel()
      this.#isSpeaking = false
    })
  }

  async end(): Promise<void> {
    this.#microphone.stop()
    this.#done.promise.catch(() => {})
    if (this.#socket.readyState === WebSocket.CLOSED) return
    const closed = new Promise((resolve) => this.#socket.once('close', resolve))
    this.#socket.close()
    await closed
  }

  #hear(content: Buffer): void {
    // A peer may fill the time with silence: a reply of the bench has none.
    if (!this.#isSpeaking || content.length < 2 || content.readInt16LE() === 0) return
    this.#firstAudioAtMs ??= monotonicMs()
    this.#heardSamples += content.length / 2
    const { said } = this.#microphone
    if (said === undefined) return this.#fail('a reply before the end of speech')
    if (this.#heardSamples < (this.#replyMs * OUTPUT_RATE) / 1000 - MISSING_SAMPLES) return
    const answered = { speechEndedAtMs: said.endedAtMs, firstAudioAtMs: this.#firstAudioAtMs }
    const { resolve } = this.#done
    systemClock.after(Math.max(0, answered.firstAudioAtMs + this.#replyMs - monotonicMs()), () => resolve(answered))
  }

  #fail(why: string): void {
    this.#done.reject(new Error(why))
  }
}
