// A session's turns with scripted engines under a virtual clock: speak, wait, and read what the caller got. For the tests
// of the turn. Audio arrives in real time of the virtual clock, 20 ms a frame.
import type { TurnId } from '#shared/ids.ts'
import { silentLog } from '#shared/log.ts'
import type { Log, LogFacts } from '#shared/log.ts'
import type { Language } from '#shared/model/language.ts'
import type { Persona } from '#shared/model/persona.ts'
import type { TurnOptions } from '#shared/model/turn-options.ts'
import { DEFAULT_TURN_OPTIONS } from '#shared/model/turn-options.ts'
import type { PastTurn, TurnRecord } from '#shared/model/turn.ts'
import type { TtsMode, UnnumberedDown } from '#shared/protocol/session-messages.ts'
import type { WordList } from '#shared/safety/word-list.ts'
import type { Engines, RecordedText } from '#gpu-node/engines/ports.ts'
import { createTurnRunner } from '#gpu-node/turn/turn-runner.ts'
import type { TurnRunner } from '#gpu-node/turn/ports.ts'
import { createScriptedEngines } from '#tests/fakes/scripted-engines.ts'
import type { ScriptedEngines, ScriptedEnginesOptions } from '#tests/fakes/scripted-engines.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'
import type { VirtualClock } from '#tests/fakes/virtual-clock.ts'

export const OUTPUT_RATE = 24_000
const FRAME_MS = 20

export const PERSONA: Persona = {
  id: 'per_default',
  name: 'Ada',
  instructions: 'Be kind.',
  language: 'en',
  voice: null,
  script: null,
}

export interface WorldOptions extends ScriptedEnginesOptions {
  options?: Partial<TurnOptions>
  language?: Language
  persona?: Persona
  inputRate?: number
  turns?: PastTurn[]
  ttsMode?: TtsMode
  apology?: RecordedText
  profanity?: WordList
  /** What the turns get in place of the scripted engines: chains that they are part of. */
  wire?: (engines: ScriptedEngines, clock: VirtualClock) => Partial<Engines>
  /** What the session that hosts the turns does with a message: it may end them there and then. */
  onSaid?: (message: UnnumberedDown) => void
  onForgotten?: (turnId: TurnId) => void
}

export type Down<T extends UnnumberedDown['type']> = Extract<UnnumberedDown, { type: T }> & { at: number }

export class TurnWorld {
  readonly clock: VirtualClock
  readonly engines: ScriptedEngines
  readonly runner: TurnRunner
  readonly said: (UnnumberedDown & { at: number })[] = []
  readonly frames: { turn: number; samples: number; at: number }[] = []
  readonly records: TurnRecord[] = []
  readonly errors: LogFacts[] = []
  readonly inputRate: number
  /** Milliseconds since the session began. */
  readonly start: number

  constructor(options: WorldOptions = {}) {
    this.clock = createVirtualClock()
    this.start = this.clock.now()
    this.engines = createScriptedEngines(this.clock, options)
    this.inputRate = options.inputRate ?? 16_000
    this.runner = createTurnRunner({
      engines: { ...this.engines, ...options.wire?.(this.engines, this.clock) },
      clock: this.clock,
      log: this.#log(),
      sink: {
        send: (message) => {
          this.said.push({ ...message, at: this.now })
          options.onSaid?.(message)
        },
        audio: (turn, pcm) => void this.frames.push({ turn, samples: pcm.length, at: this.now }),
        forgotten: (turnId) => options.onForgotten?.(turnId),
        finished: (record) => void this.records.push(record),
      },
      persona: options.persona ?? PERSONA,
      language: options.language ?? 'en',
      ttsMode: options.ttsMode ?? 'fast',
      apology: () => options.apology,
      profanity: options.profanity,
      options: { ...DEFAULT_TURN_OPTIONS, ...options.options },
      inputRate: this.inputRate,
      outputRate: OUTPUT_RATE,
      turns: options.turns ?? [],
      nextTurn: 1,
    })
  }

  get now(): number {
    return this.clock.now() - this.start
  }

  speak(ms: number): Promise<void> {
    return this.hear(ms, 8_000)
  }

  silence(ms: number): Promise<void> {
    return this.hear(ms, 0)
  }

  /** Time passes and the microphone sends this amplitude. */
  async hear(ms: number, amplitude: number): Promise<void> {
    const frame = new Int16Array((this.inputRate * FRAME_MS) / 1000).fill(amplitude)
    for (let heard = 0; heard < ms; heard += FRAME_MS) {
      await this.clock.advance(FRAME_MS)
      this.runner.audio(frame)
      await this.clock.settle()
    }
  }

  /** One question, spoken and closed by silence; its reply has begun. */
  async ask(speechMs = 400): Promise<void> {
    await this.speak(speechMs)
    await this.silence(600)
  }

  of<T extends UnnumberedDown['type']>(type: T): Down<T>[] {
    return this.said.filter((message): message is Down<T> => message.type === type)
  }

  last<T extends UnnumberedDown['type']>(type: T): Down<T> {
    const found = this.of(type).at(-1)
    if (!found) throw new Error(`no ${type} among ${this.types().join(', ')}`)
    return found
  }

  /** The types of what was said, runs of the same one counted once. */
  types(): string[] {
    return this.said.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1])
  }

  turnId(at = -1): TurnId {
    const started = this.of('reply.started').at(at)
    if (!started) throw new Error('no reply was started')
    return started.turnId
  }

  sentMs(turn?: number): number {
    const samples = this.frames.filter((frame) => turn === undefined || frame.turn === turn)
    return (samples.reduce((sum, frame) => sum + frame.samples, 0) * 1000) / OUTPUT_RATE
  }

  #log(): Log {
    const log: Log = { ...silentLog, error: (facts) => void this.errors.push(facts), child: () => log }
    return log
  }
}
