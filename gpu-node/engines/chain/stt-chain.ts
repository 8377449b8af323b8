// Several recognisers as one: where one is lost before or in the middle of an utterance, the next hears the utterance from its
// first sample. Made by choose-engines.ts. Does not know when an utterance ends.
import type { Clock } from '#shared/clock.ts'
import { engineId } from '#shared/model/engine.ts'
import { MAX_UTTERANCE_MS } from '#shared/protocol/limits.ts'
import { ENGINE_INPUT_RATE, type Stt, type SttOptions, type SttStream } from '#gpu-node/engines/ports.ts'
import { isHang, withinLimit } from './first-answer.ts'
import {
  isEngineFailure,
  isUp,
  noneIsReady,
  Roster,
  wishedFirst,
  type ChainMember,
  type ChainOptions,
  type Choice,
  type Members,
} from './roster.ts'

/** The session closes an utterance there; a stream is given no more. */
const MAX_KEPT_SAMPLES = (MAX_UTTERANCE_MS / 1000) * ENGINE_INPUT_RATE

/** A single member is returned as it is: no other could hear the utterance again. */
export function createSttChain(members: Members<Stt>, options: ChainOptions): Stt {
  return members.length > 1 ? chainOf(members, new Roster(options), options) : members[0].engine
}

function chainOf(members: Members<Stt>, roster: Roster, options: ChainOptions): Stt {
  const { clock } = options
  const [first, ...others] = members
  const choices: [Choice<Stt>, ...Choice<Stt>[]] = [{ member: first }, ...others.map((member) => ({ member }))]
  return {
    engine: first.engine.engine,
    // The slots of the first. A simpler one that stands in queues by itself.
    slots: first.engine.slots,
    preferring: (wish) => {
      const wished = wishedFirst(members, wish)
      return wished && chainOf(wished, roster, options)
    },
    open: async (request) => {
      const stream = new ReplayedStream({ roster, clock, choices, request })
      await stream.opened()
      return stream
    },
    close: async () => {
      await Promise.all(members.map(({ engine }) => engine.close()))
    },
  }
}

interface Parts {
  roster: Roster
  clock: Clock
  choices: readonly [Choice<Stt>, ...Choice<Stt>[]]
  request: SttOptions
}

/** The member that hears the utterance now. */
interface Hearing {
  member: ChainMember<Stt>
  stream: SttStream
  controller: AbortController
  /** Whether another could take over. */
  hasOther: boolean
}

class ReplayedStream implements SttStream {
  readonly #parts: Parts
  readonly #tried = new Set<string>()
  #kept: Int16Array[] = []
  #keptSamples = 0
  #hearing: Hearing | undefined
  #opening: Promise<Hearing>
  #isClosed = false
  /** Also answers questions that were asked before the end and are still open. */
  #finalText: string | undefined
  #isTold = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#opening = this.#open()
    this.#opening.catch(() => {})
  }

  async opened(): Promise<void> {
    await this.#opening
  }

  push(pcm: Int16Array): void {
    if (this.#isClosed) return
    const part = pcm.slice(0, MAX_KEPT_SAMPLES - this.#keptSamples)
    this.#kept.push(part)
    this.#keptSamples += part.length
    this.#hearing?.stream.push(part)
  }

  snapshot(): Promise<string> {
    return this.#ask((stream) => stream.snapshot())
  }

  async finish(): Promise<string> {
    try {
      this.#finalText = await this.#ask((stream) => stream.finish())
      return this.#finalText
    } finally {
      this.close()
    }
  }

  close(): void {
    this.#isClosed = true
    this.#kept = []
    this.#hearing?.stream.close()
    this.#hearing = undefined
  }

  async #ask(question: (stream: SttStream) => Promise<string>): Promise<string> {
    const { roster, clock, request } = this.#parts
    for (;;) {
      const hearing = await this.#opening
      if (this.#finalText !== undefined) return this.#finalText
      if (this.#isClosed) throw 'replaced'
      const { member, stream, controller, hasOther } = hearing
      const attempt = roster.begin(member, request.traceparent)
      try {
        // An engine that is known to be gone is not waited for.
        if (hasOther && !isUp(member.state())) throw noneIsReady('stt', member.engine.engine)
        const answer = question(stream)
        const text = await (hasOther ? withinLimit(answer, { clock, stage: 'stt', controller }) : answer)
        attempt.answered()
        this.#tell(hearing)
        return text
      } catch (thrown) {
        // Another question has moved on, and stopped this one with its engine: it is asked again.
        if (hearing !== this.#hearing && !request.signal.aborted) continue
        if (!isEngineFailure(thrown, request.signal)) throw thrown
        attempt.failed(thrown, isHang(thrown))
        this.#moveOn(hearing, thrown)
      } finally {
        attempt.cancelled()
      }
    }
  }

  #moveOn(hearing: Hearing, thrown: unknown): void {
    hearing.stream.close()
    hearing.controller.abort('replaced')
    this.#hearing = undefined
    this.#tried.add(hearing.member.name)
    this.#opening = this.#open(thrown)
    this.#opening.catch(() => {})
  }

  /** Opens the first member that lets itself be opened, and gives it what was said so far. */
  async #open(failure?: unknown): Promise<Hearing> {
    const { roster, choices, request } = this.#parts
    let latest = failure
    for (;;) {
      request.signal.throwIfAborted()
      const choice = roster.next(choices, this.#tried)
      if (!choice) throw latest ?? noneIsReady('stt', choices[0].member.engine.engine)
      try {
        return await this.#openMember(choice.member)
      } catch (thrown) {
        if (!isEngineFailure(thrown, request.signal)) throw thrown
        latest = thrown
      }
    }
  }

  async #openMember(member: ChainMember<Stt>): Promise<Hearing> {
    const { roster, choices, request, clock } = this.#parts
    const controller = new AbortController()
    const attempt = roster.begin(member, request.traceparent)
    const hasOther = roster.next(choices, new Set([...this.#tried, member.name])) !== undefined
    const signal = AbortSignal.any([request.signal, controller.signal])
    const onPartial = (text: string): void => {
      if (this.#hearing?.controller === controller) request.onPartial?.(text)
    }
    try {
      const opening = member.engine.open({ ...request, signal, onPartial })
      // A stream that opens after it was given up must not keep its slot.
      opening.then((late) => controller.signal.aborted && late.close()).catch(() => {})
      const stream = await (hasOther ? withinLimit(opening, { clock, stage: 'stt', controller }) : opening)
      const hearing: Hearing = { member, stream, controller, hasOther }
      this.#hearing = hearing
      for (const part of this.#kept) stream.push(part)
      if (this.#isClosed) this.close()
      return hearing
    } catch (thrown) {
      if (isEngineFailure(thrown, request.signal)) {
        attempt.failed(thrown, false)
        this.#tried.add(member.name)
      }
      throw thrown
    } finally {
      // That a stream is open says little: some engines send nothing before the first question.
      attempt.cancelled()
    }
  }

  /** Tells, at most once per utterance, that another member than the wanted one gave its text. */
  #tell({ member }: Hearing): void {
    const [wanted] = this.#parts.choices
    if (this.#isTold || member === wanted.member) return
    this.#isTold = true
    this.#parts.request.onFallback?.({
      role: 'stt',
      asked: engineId(wanted.member.engine.engine),
      used: engineId(member.engine.engine),
      reason: this.#parts.roster.reasonFor(wanted, this.#tried),
    })
  }
}
