// Builds what a turn needs from the plan: an engine for each name, a chain for each role. Called once by gpu-node/start-node.ts.
// Knows every engine of this folder, so that nothing else has to.
import { invariant } from '#shared/invariant.ts'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { EngineInfo, EngineRole, EngineState } from '#shared/model/engine.ts'
import { createLlmChain } from './chain/llm-chain.ts'
import type { ChainMember } from './chain/roster.ts'
import { createSttChain } from './chain/stt-chain.ts'
import { createTtsChain } from './chain/tts-chain.ts'
import { createEmbedded, createServed, type RoleEngines } from './create-engine.ts'
import { EMBEDDED, type Role as ChainRole, type EnginePlan, type EnginesPlan } from '#gpu-node/config/plan.ts'
import type { Engines } from './ports.ts'
import { createSileroVad } from '#gpu-node/engines/embedded/silero/silero-vad.ts'
import { createCachedTts } from './speech-cache/cached-tts.ts'
import { SpeechCache } from './speech-cache/speech-cache.ts'

export interface EngineSettings {
  /** Sessions at once; the embedded recogniser gets a thread for each. As many as the cores carry when undefined. */
  slots: number | undefined
  plan: EnginesPlan
  guard: { maxTtsQueueMs: number }
  speechCache: { folder: string; maxBytes: number }
}

/** What runs the managed engines: the supervisor. */
export interface EngineRunner {
  state(name: string): EngineState
  /** Loads an engine that is loaded on demand. Resolves when it answers. */
  load(name: string): Promise<void>
  /** Says that the engine is in use, so that it stays loaded for a while. */
  touch(name: string): void
  /** Ends the engine. It stays ended until it is loaded again. */
  unload(name: string): Promise<void>
}

export interface EngineSurroundings {
  log: Log
  clock: Clock
  runner?: EngineRunner | undefined
  isCardFull: () => boolean
  /** How long the next piece of speech would wait; null where nobody knows. */
  ttsQueueMs: () => number | null
}

export interface EngineMember {
  info: EngineInfo
  /** Its name in the node's configuration. */
  id: string
  kind: EnginePlan['kind']
  state: () => EngineState
}

export interface ChosenEngines {
  engines: Engines
  /** The first engine of each role. A session is told these. */
  infos: EngineInfo[]
  /** All engines, each once per role. The edge is told these; without them it is told `infos`. */
  members?: EngineMember[]
  /** Whether the first engine of the role is being started: it is not up, and has not failed. Absent: it never is. */
  isComing?: (role: EngineRole) => boolean
  /** Sessions that these engines can carry at once. */
  slots: number
  /** Undefined where nothing is cached. */
  speechCache?: SpeechCache
  close(): Promise<void>
}

/** Sessions of a node whose recogniser queues by itself: what one card of 24 GB carries with whisper, F5-TTS and a small LLM. */
const SERVED_SLOTS = 5

export async function chooseEngines(
  settings: EngineSettings,
  surroundings: EngineSurroundings,
): Promise<ChosenEngines> {
  const { log, clock, isCardFull } = surroundings
  const { slots, guard } = settings
  const builder = new Builder(settings, surroundings)
  const vad = createSileroVad()
  const stt = createSttChain(nonEmpty(await builder.members('stt', 'stt')), { log, clock })
  const llm = createLlmChain(nonEmpty(await builder.members('llm', 'llm')), { log, clock })
  const fast = nonEmpty(await builder.members('tts', 'tts.fast'))
  const hq = await builder.members('tts', 'tts.hq')
  const speechCache = await SpeechCache.open({ ...settings.speechCache, clock, log })
  const voices = createTtsChain({ fast, hq, maxQueueMs: guard.maxTtsQueueMs, isCardFull, log, clock })
  const tts = createCachedTts(voices, speechCache)
  const engines = { vad, stt, llm, tts }
  return {
    engines,
    infos: [vad, stt, llm, tts].map(({ engine }) => engine),
    members: [{ info: vad.engine, id: EMBEDDED, kind: EMBEDDED, state: () => 'ready' }, ...builder.all()],
    isComing: (role) => builder.isComing(role),
    slots: slots ?? stt.slots ?? SERVED_SLOTS,
    speechCache,
    close: async () => {
      await Promise.all([stt.close(), llm.close(), tts.close()])
    },
  }
}

type Role = keyof RoleEngines

const FIRST_CHAIN: Readonly<Partial<Record<EngineRole, ChainRole>>> = { stt: 'stt', llm: 'llm', tts: 'tts.fast' }
const COMING: ReadonlySet<EngineState> = new Set<EngineState>(['stopped', 'starting', 'warming'])

class Builder {
  readonly #settings: EngineSettings
  readonly #surroundings: EngineSurroundings
  /** By role and name: a name in two chains of a role is one engine. */
  readonly #made = new Map<string, Promise<unknown>>()
  readonly #named = new Map<string, EngineMember>()

  constructor(settings: EngineSettings, surroundings: EngineSurroundings) {
    this.#settings = settings
    this.#surroundings = surroundings
  }

  /** Each engine once, in the order of the chains. */
  all(): EngineMember[] {
    return [...this.#named.values()]
  }

  /** An engine on demand does not count: it comes when it is asked for. */
  isComing(role: EngineRole): boolean {
    const { plan } = this.#settings
    const { runner } = this.#surroundings
    const chain = FIRST_CHAIN[role]
    const first = chain && plan.engines.find(({ name }) => name === plan.chains[chain][0])
    return first?.kind === 'managed' && !first.launch.onDemand && COMING.has(runner?.state(first.name) ?? 'ready')
  }

  members<R extends Role>(role: R, chain: ChainRole): Promise<ChainMember<RoleEngines[R]>[]> {
    return Promise.all(this.#settings.plan.chains[chain].map((name) => this.#member(role, name)))
  }

  async #member<R extends Role>(role: R, name: string): Promise<ChainMember<RoleEngines[R]>> {
    const { runner, ttsQueueMs } = this.#surroundings
    const isEmbedded = name === EMBEDDED
    const plan = this.#settings.plan.engines.find((engine) => engine.name === name)
    const isManaged = plan?.kind === 'managed'
    const onDemand = isManaged && plan.launch.onDemand && runner
    const engine = await this.#engine(role, name)
    // The state of an attached server is not known. Its answers show it.
    const state = (): EngineState => (isManaged && runner ? runner.state(name) : 'ready')
    this.#named.set(`${role} ${name}`, { info: engine.engine, id: name, kind: plan?.kind ?? EMBEDDED, state })
    return {
      name,
      engine,
      state,
      queueWaitMs: () => (role === 'tts' && !isEmbedded ? (ttsQueueMs() ?? undefined) : undefined),
      ...(onDemand && { load: () => onDemand.load(name), touch: () => onDemand.touch(name) }),
    }
  }

  #engine<R extends Role>(role: R, name: string): Promise<RoleEngines[R]> {
    const key = `${role} ${name}`
    const made = this.#made.get(key) ?? this.#create(role, name)
    this.#made.set(key, made)
    // The key has the role, and the role decides the type.
    return made as Promise<RoleEngines[R]>
  }

  #create<R extends Role>(role: R, name: string): Promise<RoleEngines[R]> {
    const { plan, slots } = this.#settings
    const { log } = this.#surroundings
    const found = plan.engines.find((engine) => engine.name === name)
    if (name === EMBEDDED || found?.kind === 'embedded') return createEmbedded[role]({ log, slots })
    invariant(found, 'each name of a chain is an engine of the plan')
    const needs = found.kind === 'managed' ? found.needs : undefined
    return Promise.resolve(createServed[role](found.server, log, needs))
  }
}

function nonEmpty<T extends { engine: { engine: EngineInfo } }>(members: T[]): readonly [T, ...T[]] {
  const [first, ...others] = members
  invariant(first, 'each role has an engine')
  return [first, ...others]
}
