// Several voices as one, with a fast and an HQ mode: HQ gives way to fast while others wait for it, the card is full or it is
// still loading; a voice that fails gives way to the next. Made by choose-engines.ts. Does not cut text into pieces.
import { faultOf } from '#shared/fault.ts'
import type { FallbackReason } from '#shared/model/turn.ts'
import type { TtsMode } from '#shared/protocol/session-messages.ts'
import { atRate } from './at-rate.ts'
import type { Tts, TtsOptions } from '#gpu-node/engines/ports.ts'
import { firstAnswer } from './first-answer.ts'
import { Roster, wishedFirst, type ChainMember, type ChainOptions, type Choice, type Members } from './roster.ts'

/** Wait after a failed load: what holds the memory needs a while to free it. */
export const RELOAD_AFTER_MS = 30_000

export interface TtsChainOptions extends ChainOptions {
  /** The first gives the chain its name and its rate. */
  fast: Members<Tts>
  /** Empty where there is only one mode. */
  hq: readonly ChainMember<Tts>[]
  /** If an HQ engine would make a piece wait longer, the piece is spoken fast. */
  maxQueueMs: number
  /** Whether more of the card is in use than was planned. */
  isCardFull: () => boolean
}

/** An engine in one of its modes. */
interface Voice extends Choice<Tts> {
  mode: TtsMode
}

export function createTtsChain(options: TtsChainOptions): Tts {
  return new TtsChain(options)
}

class TtsChain implements Tts {
  readonly #options: TtsChainOptions
  readonly #roster: Roster
  /** When a load may be tried again, by name; Infinity while it goes on. */
  readonly #loads: Map<string, number>

  /** `of`: the chain of which this is another order. */
  constructor(options: TtsChainOptions, of?: TtsChain) {
    this.#options = options
    this.#roster = of ? of.#roster : new Roster(options)
    this.#loads = of ? of.#loads : new Map()
  }

  get engine(): Tts['engine'] {
    return this.#options.fast[0].engine.engine
  }

  get sampleRate(): number {
    return this.#options.fast[0].engine.sampleRate
  }

  /** Whether the wanted voices can clone. One that only stands in for them speaks in the persona's own voice. */
  get canClone(): boolean {
    const [hq] = this.#options.hq
    return [this.#options.fast[0], ...(hq ? [hq] : [])].every(({ engine }) => engine.canClone)
  }

  /** The script that any of them needs. The others read it as well. */
  get script(): Tts['script'] {
    return this.#all().find(({ engine }) => engine.script)?.engine.script
  }

  engineFor(mode: TtsMode): Tts['engine'] {
    return this.#wanted(mode).engine
  }

  voiceId(voice: string | undefined, mode: TtsMode): string {
    return this.#wanted(mode).voiceId?.(voice, mode) ?? voice ?? ''
  }

  prepare(mode: TtsMode): void {
    if (mode === 'hq') for (const member of this.#options.hq) this.#load(member)
  }

  /** The engine in each mode that it has. */
  preferring(wish: string): Tts | undefined {
    const [fast, hq] = [wishedFirst(this.#options.fast, wish), wishedFirst(this.#options.hq, wish)]
    if (!fast && !hq) return undefined
    return new TtsChain({ ...this.#options, ...(fast && { fast }), ...(hq && { hq }) }, this)
  }

  speaks(language: TtsOptions['language']): boolean {
    return this.#all().some(({ engine }) => engine.speaks(language))
  }

  synthesize(request: TtsOptions): AsyncIterable<Int16Array> {
    const { clock } = this.#options
    if (request.mode === 'hq') this.prepare('hq')
    return firstAnswer({
      roster: this.#roster,
      clock,
      stage: 'tts',
      choices: this.#voices(request),
      signal: request.signal,
      traceparent: request.traceparent,
      onFallback: request.onFallback,
      open: (voice: Voice, signal) => this.#speak(voice, { ...request, signal }),
      // What was heard of the piece is not said again. The next voice begins with the next piece.
      onBroken: () => request.onBroken?.(),
    })
  }

  async close(): Promise<void> {
    await Promise.all([...new Set(this.#all().map(({ engine }) => engine))].map((engine) => engine.close()))
  }

  #wanted(mode: TtsMode): Tts {
    const [fast] = this.#options.fast
    return ((mode === 'hq' ? this.#options.hq[0] : undefined) ?? fast).engine
  }

  #all(): ChainMember<Tts>[] {
    return [...this.#options.fast, ...this.#options.hq]
  }

  #voices({ mode, language }: TtsOptions): [Voice, ...Voice[]] {
    const unfit = ({ engine }: ChainMember<Tts>): FallbackReason | undefined =>
      engine.speaks(language) ? undefined : 'language'
    const [first, ...others] = this.#options.fast
    const fast: [Voice, ...Voice[]] = [
      { member: first, mode: 'fast', unfit: unfit(first) },
      ...others.map((member): Voice => ({ member, mode: 'fast', unfit: unfit(member) })),
    ]
    const hq = mode === 'hq' ? this.#options.hq : []
    const [best, ...good] = hq.map((member): Voice => ({
      member,
      mode: 'hq',
      unfit: unfit(member) ?? this.#busy(member),
    }))
    return best ? [best, ...good, ...fast] : fast
  }

  /** HQ is for spare time: a full card or a queue means that there is none. */
  #busy(member: ChainMember<Tts>): FallbackReason | undefined {
    if (this.#options.isCardFull()) return 'vram'
    return (member.queueWaitMs() ?? 0) > this.#options.maxQueueMs ? 'queueWait' : undefined
  }

  #speak({ member, mode }: Voice, request: TtsOptions): AsyncIterable<Int16Array> {
    member.touch?.()
    // A voice that cannot clone speaks in the persona's own voice.
    const { reference, ...plain } = request
    const asked = member.engine.canClone ? { ...plain, mode, reference } : { ...plain, mode }
    return atRate(member.engine, asked, this.sampleRate)
  }

  #load(member: ChainMember<Tts>): void {
    const { clock, log, isCardFull } = this.#options
    const { name } = member
    if (!member.load || member.state() !== 'stopped' || isCardFull()) return
    if ((this.#loads.get(name) ?? 0) > clock.now()) return
    this.#loads.set(name, Infinity)
    member.load().then(
      () => this.#loads.delete(name),
      (thrown: unknown) => {
        this.#loads.set(name, clock.now() + RELOAD_AFTER_MS)
        log.warn({ engine: name, fault: faultOf(thrown) }, 'an engine on demand could not be loaded')
      },
    )
  }
}
