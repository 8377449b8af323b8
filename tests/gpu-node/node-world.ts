// One real node between a scripted edge and scripted turns: real sockets, a real outbox file, engines that only answer.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '#shared/clock.ts'
import { newId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'
import { silentLog } from '#shared/log.ts'
import { DEFAULT_TURN_OPTIONS } from '#shared/model/turn-options.ts'
import type { NodeControlMessage } from '#shared/protocol/node-messages.ts'
import type { NodeSessionMessage, SessionBegin } from '#shared/protocol/session-messages.ts'
import type { ChosenEngines } from '#gpu-node/engines/choose-engines.ts'
import type { Engines } from '#gpu-node/engines/ports.ts'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'
import type { RunningNode } from '#gpu-node/start-node.ts'
import { startNode } from '#gpu-node/start-node.ts'
import type { TurnRunner, TurnRunnerOptions } from '#gpu-node/turn/ports.ts'
import type { ScriptedEdge, ScriptedPeer } from '#tests/fakes/scripted-edge.ts'
import { startScriptedEdge } from '#tests/fakes/scripted-edge.ts'
import type { ScriptedTurns } from '#tests/fakes/scripted-turns.ts'
import { createScriptedTurns } from '#tests/fakes/scripted-turns.ts'

export const TOKEN = 'scripted-token-of-a-node'

export interface Joined {
  control: ScriptedPeer<NodeControlMessage>
  data: ScriptedPeer<NodeSessionMessage>
  turns: ScriptedTurns
  begin: SessionBegin
}

export interface NodeWorld {
  edge: ScriptedEdge
  node: RunningNode
  dataDir: string
  /** Accepts the control socket and welcomes the node. */
  welcome(): Promise<ScriptedPeer<NodeControlMessage>>
  /** Offers a session on a welcomed control socket and begins it. */
  open(control: ScriptedPeer<NodeControlMessage>, facts?: Partial<SessionBegin>): Promise<Joined>
  close(): Promise<void>
}

export interface WorldOptions {
  environment?: Record<string, string>
  engines?: Partial<Engines>
  log?: Log
  dataDir?: string
  edge?: ScriptedEdge
  /** In place of scripted turns. */
  createTurns?: (options: TurnRunnerOptions) => TurnRunner
  clock?: Clock
}

export async function startNodeWorld(options: WorldOptions = {}): Promise<NodeWorld> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'parley-node-'))
  const edge = options.edge ?? (await startScriptedEdge())
  const turns = createScriptedTurns()
  const config = readNodeConfig({
    NODE_TOKEN: TOKEN,
    EDGE_URL: edge.url,
    DATA_DIR: dataDir,
    NODE_NAME: 'scripted',
    SLOTS: '2',
    ...options.environment,
  })
  const node = await startNode(config, {
    log: options.log ?? silentLog,
    // The shortest waits that the backoff allows.
    random: () => 0,
    ...(options.clock && { clock: options.clock }),
    chooseEngines: async ({ slots }) => chosen({ ...quietEngines(), ...options.engines }, slots),
    createTurns: options.createTurns ?? turns.create,
  })
  let isClosed = false
  return {
    edge,
    node,
    dataDir,
    welcome: () => welcome(edge),
    open: async (control, facts) => {
      const begin = sessionBegin(facts)
      const data = await offer(edge, control, begin)
      data.send(begin)
      return { control, data, begin, turns: await turns.next() }
    },
    close: async () => {
      if (isClosed) return
      isClosed = true
      await node.close(AbortSignal.abort('shutdown'))
      if (!options.edge) await edge.close()
      if (!options.dataDir) rmSync(dataDir, { recursive: true })
    },
  }
}

export async function welcome(edge: ScriptedEdge): Promise<ScriptedPeer<NodeControlMessage>> {
  const control = await edge.nextControl()
  await control.next('node.hello')
  control.send({ type: 'node.welcome', nodeId: 'nod_scripted' })
  return control
}

/** Resolves with the data socket that the node dials. */
export async function offer(
  edge: ScriptedEdge,
  control: ScriptedPeer<NodeControlMessage>,
  { sessionId, epoch }: { sessionId: string; epoch: number },
): Promise<ScriptedPeer<NodeSessionMessage>> {
  control.send({ type: 'session.offer', sessionId, epoch, ticket: 'tkt_1', expiresAt: Date.now() + 30_000 })
  await control.next('offer.accepted')
  return edge.nextData()
}

export function sessionBegin(facts: Partial<SessionBegin> = {}): SessionBegin {
  return {
    type: 'session.begin',
    sessionId: newId('session'),
    conversationId: newId('conversation'),
    epoch: 1,
    persona: { id: 'per_default', name: 'Ada', instructions: 'Be kind.', language: 'en', voice: null, script: null },
    voiceProfile: null,
    keepAudio: false,
    language: 'en',
    ttsMode: 'fast',
    audio: { inputRate: 16_000, outputRate: 24_000 },
    options: DEFAULT_TURN_OPTIONS,
    turns: [],
    nextSeq: 1,
    nextTurn: 1,
    resumeToken: 'resume_1',
    ...facts,
  }
}

/** Engines that answer the warm-up at once and do nothing else. */
export function quietEngines(): Engines {
  const info = { version: '1', demonstration: false }
  return {
    vad: { engine: { role: 'vad', name: 'quiet-vad', ...info }, stream: () => ({ push: () => 0, reset: () => {} }) },
    stt: {
      engine: { role: 'stt', name: 'quiet-stt', ...info },
      slots: 3,
      open: async () => ({ push: () => {}, snapshot: async () => '', finish: async () => '', close: () => {} }),
      close: async () => {},
    },
    llm: {
      engine: { role: 'llm', name: 'quiet-llm', ...info },
      complete: async function* () {
        yield { type: 'text', text: 'Yes.' } as const
      },
      close: async () => {},
    },
    tts: {
      engine: { role: 'tts', name: 'quiet-tts', ...info },
      sampleRate: 16_000,
      speaks: () => true,
      synthesize: async function* () {
        yield new Int16Array(1_600)
      },
      close: async () => {},
    },
  }
}

function chosen(engines: Engines, slots: number | undefined): ChosenEngines {
  return {
    engines,
    infos: [engines.vad, engines.stt, engines.llm, engines.tts].map(({ engine }) => engine),
    slots: slots ?? engines.stt.slots ?? 1,
    close: async () => {},
  }
}
