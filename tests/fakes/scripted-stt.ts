// A recogniser that hears what its script says, as loud audio arrives. Part of scripted-engines.ts.
import type { Clock } from '#shared/clock.ts'
import type { Stt, SttOptions, SttStream } from '#gpu-node/engines/ports.ts'
import { ENGINE_INPUT_RATE } from '#gpu-node/engines/ports.ts'
import { errorOf, LOUD, pause, scripted } from './script.ts'
import type { Failure } from './script.ts'

/** What is recognised in one utterance: a text from some point of its speech on, and perhaps another at the end. */
export interface SttScript {
  /** `afterMs` counts loud audio of this utterance. In order. */
  texts: { afterMs: number; text: string }[]
  /** The final text; the last of `texts` without it. */
  final?: string
  failAt?: { open?: Failure; snapshot?: Failure; finish?: Failure }
  /** Time of finish(), instead of delayMs. */
  finishMs?: number
}

export interface ScriptedSttOptions {
  clock: Clock
  name?: string
  /** One an utterance, in order; the last goes on for all that follow. A string is known from the first sound on. */
  utterances: (string | SttScript)[]
  /** From being asked to the text. What was answered for the same audio is there at once, as with real engines. */
  delayMs?: number
  openMs?: number
  slots?: number
  partials?: boolean
  /** All audio of all utterances, as it comes. */
  onAudio?: (pcm: Int16Array) => void
}

export interface SttCall {
  options: SttOptions
  openedAt: number
  samples: number
  snapshots: number
  state: 'open' | 'finished' | 'closed'
}
export interface ScriptedStt extends Stt {
  readonly calls: SttCall[]
  readonly openStreams: number
}

export function createScriptedStt(options: ScriptedSttOptions): ScriptedStt {
  const calls: SttCall[] = []
  return {
    engine: scripted('stt', options.name),
    slots: options.slots,
    calls,
    get openStreams() {
      return calls.filter(({ state }) => state === 'open').length
    },
    async open(stream) {
      stream.signal.throwIfAborted()
      const script = scriptOf(options.utterances[Math.min(calls.length, options.utterances.length - 1)] ?? '')
      const call: SttCall = {
        options: stream,
        openedAt: options.clock.now(),
        samples: 0,
        snapshots: 0,
        state: 'closed',
      }
      calls.push(call)
      await pause(options.clock, options.openMs ?? 0, stream.signal)
      if (script.failAt?.open) throw errorOf(script.failAt.open)
      call.state = 'open'
      return new ScriptedSttStream(options, script, call)
    },
    close: async () => {},
  }
}

const scriptOf = (utterance: string | SttScript): SttScript =>
  typeof utterance === 'string' ? { texts: utterance === '' ? [] : [{ afterMs: 1, text: utterance }] } : utterance

class ScriptedSttStream implements SttStream {
  readonly #options: ScriptedSttOptions
  readonly #script: SttScript
  readonly #call: SttCall
  #loudSamples = 0
  #partial = ''
  #answered: { samples: number; text: Promise<string> } | undefined

  constructor(options: ScriptedSttOptions, script: SttScript, call: SttCall) {
    this.#options = options
    this.#script = script
    this.#call = call
    call.options.signal.addEventListener('abort', () => this.close(), { once: true })
  }

  push(pcm: Int16Array): void {
    if (this.#call.state !== 'open') return
    this.#call.samples += pcm.length
    this.#options.onAudio?.(pcm.slice())
    this.#loudSamples += pcm.filter((sample) => Math.abs(sample) > LOUD * 32_768).length
    const text = this.#textSoFar()
    if (text === this.#partial || this.#options.partials === false) return
    this.#partial = text
    const { delayMs = 0, clock } = this.#options
    if (delayMs === 0) this.#tell(text)
    else clock.after(delayMs, () => this.#tell(text))
  }

  async snapshot(): Promise<string> {
    this.#call.snapshots++
    await this.#wait(this.#options.delayMs ?? 0)
    if (this.#script.failAt?.snapshot) throw errorOf(this.#script.failAt.snapshot)
    return this.#textSoFar()
  }

  async finish(): Promise<string> {
    const { failAt, final, finishMs } = this.#script
    const text = final ?? this.#textSoFar()
    await this.#wait(finishMs ?? this.#options.delayMs ?? 0, finishMs !== undefined)
    if (failAt?.finish) throw errorOf(failAt.finish)
    this.#call.state = 'finished'
    return text
  }

  close(): void {
    if (this.#call.state === 'open') this.#call.state = 'closed'
  }

  #tell(text: string): void {
    if (this.#call.state === 'open' && !this.#call.options.signal.aborted) this.#call.options.onPartial?.(text)
  }

  #textSoFar(): string {
    const loudMs = (this.#loudSamples * 1000) / ENGINE_INPUT_RATE
    return this.#script.texts.findLast(({ afterMs }) => loudMs >= afterMs)?.text ?? ''
  }

  /** The same audio is not recognised twice. */
  async #wait(ms: number, isForced = false): Promise<void> {
    const { signal } = this.#call.options
    signal.throwIfAborted()
    if (isForced || this.#answered?.samples !== this.#call.samples)
      this.#answered = { samples: this.#call.samples, text: pause(this.#options.clock, ms, signal).then(() => '') }
    await this.#answered.text
  }
}
