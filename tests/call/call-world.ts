// A whole Parley described as data: an edge, any number of GPU nodes with scripted engines, and callers with the product's own
// client, over real sockets and real databases in a folder of its own. Every connection runs over wires that a test can cut.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeyLimits, Scope } from '#shared/model/caller.ts'
import { readEdgeConfig, type EdgeConfig } from '#edge/runtime/node/config.ts'
import { startEdge, type RunningEdge } from '#edge/runtime/node/start-edge.ts'
import { systemClock } from '#shared/clock.ts'
import type { ConversationId } from '#shared/ids.ts'
import { silentLog, type Log } from '#shared/log.ts'
import type { EngineInfo } from '#shared/model/engine.ts'
import type { Conversation, ConversationSummary } from '#shared/model/conversation.ts'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'
import type { Engines } from '#gpu-node/engines/ports.ts'
import { startNode, type NodeParts, type RunningNode } from '#gpu-node/start-node.ts'
import { createTurnRunner } from '#gpu-node/turn/turn-runner.ts'
import {
  createScriptedEngines,
  type ScriptedEngines,
  type ScriptedEnginesOptions,
  type ScriptedLlmOptions,
  type ScriptedSttOptions,
} from '#tests/fakes/scripted-engines.ts'
import { hostName } from '#tests/tooling/hosts/which-host.ts'
import { startWorkersHost } from '#tests/tooling/hosts/workers-host.ts'
import { layWires, type Wires } from '#tests/fakes/wires.ts'
import { openCaller, type CallerOptions, type TestCaller } from './test-caller.ts'

export const METRICS_TOKEN = 'metrics-token-of-a-test'

export interface NodeDescription extends ScriptedEnginesOptions {
  slots?: number
  log?: Log
  gpu?: NodeParts['gpu']
  /** Engines that the edge is told of beside the scripted ones. */
  others?: EngineInfo[]
  /** The words that no reply says. */
  profanity?: string
  /** What the node gets in place of the scripted engines: chains that they are part of. */
  wire?: (engines: ScriptedEngines) => Partial<Engines>
}

export interface WorldDescription {
  nodes?: NodeDescription[]
  edge?: Partial<EdgeConfig>
  log?: Log
}

export interface WorldNode {
  name: string
  node: RunningNode
  engines: ScriptedEngines
  /** Between this node and the edge. */
  wires: Wires
}

/** The edge of a world, on the host of the project. */
export type CallEdge = Pick<RunningEdge, 'url' | 'store' | 'close'>

export interface CallWorld {
  readonly edge: CallEdge
  /** The first key, of the user whose conversations the world reads. */
  key: string
  nodes: WorldNode[]
  /** Between all callers and the edge. */
  wires: Wires
  addNode(description?: NodeDescription): Promise<WorldNode>
  caller(options?: Partial<CallerOptions>): Promise<TestCaller>
  newKey(scopes?: Scope[], limits?: KeyLimits): Promise<string>
  get(path: string, key?: string): Promise<Response>
  conversations(): Promise<ConversationSummary[]>
  conversation(id: ConversationId): Promise<Conversation>
  metrics(): Promise<string>
  /** Stops the node as SIGTERM does; without `hurry` what is being said is cut. */
  stopNode(node: WorldNode, hurry?: AbortSignal): Promise<void>
  /** The edge goes down; everybody's sockets with it. */
  stopEdge(): Promise<void>
  /** On the same port and database; only where the edge is a program that may stop. */
  startEdge(): Promise<void>
  close(): Promise<void>
}

export async function startCallWorld(description: WorldDescription = {}): Promise<CallWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-call-'))
  const world = await World.start(folder, description)
  for (const node of description.nodes ?? [{}]) await world.addNode(node)
  return world
}

function startCallEdge(config: EdgeConfig, parts: { log: Log; dist: string }): Promise<CallEdge> {
  if (hostName() === 'workers') return startWorkersHost({ variables: { METRICS_TOKEN } })
  return startEdge(config, parts)
}

class World implements CallWorld {
  edge: CallEdge
  readonly key: string
  readonly nodes: WorldNode[] = []
  readonly wires: Wires
  readonly #folder: string
  readonly #config: EdgeConfig
  readonly #log: Log
  readonly #callers: TestCaller[] = []
  readonly #stopped = new Map<WorldNode, Promise<void>>()

  private constructor(parts: {
    edge: CallEdge
    key: string
    wires: Wires
    folder: string
    config: EdgeConfig
    log: Log
  }) {
    this.edge = parts.edge
    this.key = parts.key
    this.wires = parts.wires
    this.#folder = parts.folder
    this.#config = parts.config
    this.#log = parts.log
  }

  static async start(folder: string, description: WorldDescription): Promise<World> {
    const log = description.log ?? silentLog
    const environment = { PORT: '0', DATA_DIR: mkdtempSync(join(folder, 'edge-')), METRICS_TOKEN }
    const config = { ...readEdgeConfig(environment), ...description.edge }
    const edge = await startCallEdge(config, { log, dist: join(folder, 'no-page') })
    const { key } = await edge.store.keys.createKey({ name: 'test', scopes: ['talk', 'history:read'], now: Date.now() })
    const wires = await layWires(edge.url)
    return new World({ edge, key, wires, folder, config: { ...config, port: Number(new URL(edge.url).port) }, log })
  }

  async addNode({
    slots = 2,
    log = this.#log,
    gpu,
    others = [],
    wire,
    profanity,
    ...scripts
  }: NodeDescription = {}): Promise<WorldNode> {
    const name = `node-${this.nodes.length + 1}`
    const wires = await layWires(this.edge.url)
    const { token } = await this.edge.store.nodes.addNode({ name, now: Date.now() })
    // The engines answer the warm-up before any caller.
    const utterances: ScriptedSttOptions['utterances'] = ['ready']
    const replies: ScriptedLlmOptions['replies'] = ['Ready.']
    const engines = createScriptedEngines(systemClock, {
      ...scripts,
      stt: { ...scripts.stt, utterances },
      llm: { ...scripts.llm, replies },
    })
    const infos = [...[engines.vad, engines.stt, engines.llm, engines.tts].map(({ engine }) => engine), ...others]
    const environment = { NODE_TOKEN: token, EDGE_URL: wires.url, DATA_DIR: this.#folder, NODE_NAME: name }
    const dataDir = mkdtempSync(join(this.#folder, `${name}-`))
    const config = { ...readNodeConfig(environment), dataDir, slots, profanity }
    const node = await startNode(config, {
      log,
      ...(gpu && { gpu }),
      chooseEngines: async () => ({ engines: { ...engines, ...wire?.(engines) }, infos, slots, close: async () => {} }),
      createTurns: createTurnRunner,
    })
    await node.ready
    // The warm-up is over: the scripts are the callers'.
    for (const { calls } of [engines.stt, engines.llm, engines.tts]) calls.length = 0
    utterances.splice(0, 1, ...(scripts.stt?.utterances ?? ['hello there']))
    replies.splice(0, 1, ...(scripts.llm?.replies ?? ['Hello to you.']))
    const added = { name, node, engines, wires }
    this.nodes.push(added)
    return added
  }

  async caller(options: Partial<CallerOptions> = {}): Promise<TestCaller> {
    const caller = openCaller({ url: this.wires.url, key: this.key, ...options })
    this.#callers.push(caller)
    return caller
  }

  async newKey(scopes: Scope[] = ['talk', 'history:read'], limits: KeyLimits = {}): Promise<string> {
    return (await this.edge.store.keys.createKey({ name: 'other', scopes, limits, now: Date.now() })).key
  }

  get(path: string, key = this.key): Promise<Response> {
    return fetch(this.edge.url + path, { headers: { authorization: `Bearer ${key}` } })
  }

  async conversations(): Promise<ConversationSummary[]> {
    return ((await (await this.get('/api/conversations')).json()) as { conversations: ConversationSummary[] })
      .conversations
  }

  async conversation(id: ConversationId): Promise<Conversation> {
    return (await (await this.get(`/api/conversations/${id}`)).json()) as Conversation
  }

  async metrics(): Promise<string> {
    return (await this.get('/metrics', METRICS_TOKEN)).text()
  }

  stopEdge(): Promise<void> {
    return this.edge.close()
  }

  async startEdge(): Promise<void> {
    this.edge = await startCallEdge(this.#config, { log: this.#log, dist: join(this.#folder, 'no-page') })
  }

  stopNode(node: WorldNode, hurry = AbortSignal.abort('shutdown')): Promise<void> {
    const stopped = this.#stopped.get(node) ?? node.node.close(hurry)
    this.#stopped.set(node, stopped)
    return stopped
  }

  async close(): Promise<void> {
    for (const caller of this.#callers) caller.close()
    for (const { wires } of this.nodes) wires.restore()
    // A node that a test has stopped already is stopped.
    await Promise.all(this.nodes.map((node) => this.stopNode(node)))
    await this.edge.close()
    await Promise.all([this.wires, ...this.nodes.map(({ wires }) => wires)].map((wires) => wires.close()))
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
