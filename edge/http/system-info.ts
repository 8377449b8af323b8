// GET /api/system/info, with a key: what this edge is, what it speaks, its limits and the nodes behind it. Engines that are
// only good for a demonstration say so.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import type { NodeView } from '#edge/rooms-ports.ts'
import { EngineInfo, EngineState, engineId } from '#shared/model/engine.ts'
import { NodeIdSchema } from '#shared/model/ids.ts'
import { AdmissionRefusal, Machine } from '#shared/model/node.ts'
import { EngineName } from '#shared/model/engine.ts'
import { Vram } from '#shared/protocol/node-messages.ts'
import { DEFAULT_TURN_OPTIONS, TurnOptions } from '#shared/model/turn-options.ts'
import * as limits from '#shared/protocol/limits.ts'
import { CHAT_PROTOCOL, NODE_PROTOCOL, SESSION_PROTOCOL } from '#shared/protocol/version.ts'
import { SAMPLE_RATES } from '#shared/protocol/session-messages.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'
import { usedFraction } from './health.ts'
import { MAX_BODY_BYTES } from '#edge/http/operation/read-input.ts'

type InfoPorts = OperationPorts & Pick<EdgePorts, 'fleet' | 'sessions'>

/** What a client's author needs to stay within bounds, under the names that faults use. */
const LIMITS = {
  utteranceMs: limits.MAX_UTTERANCE_MS,
  utteranceBytes: limits.MAX_UTTERANCE_BYTES,
  utteranceFrames: limits.MAX_UTTERANCE_FRAMES,
  textChars: limits.MAX_TEXT_CHARS,
  messageBytes: limits.MAX_MESSAGE_BYTES,
  frameMs: limits.MAX_FRAME_MS,
  replayBytes: limits.MAX_REPLAY_BYTES,
  replayMs: limits.MAX_REPLAY_MS,
  // The session is over after this, even if its token were still good: the shorter time counts for a client.
  resumeMs: limits.CALLER_GONE_MS,
  idleSessionMs: limits.IDLE_SESSION_MS,
  sessionMs: limits.MAX_SESSION_MS,
  ticketMs: limits.CALLER_TICKET_VALID_MS,
  bodyBytes: MAX_BODY_BYTES,
} as const

const Limit = v.pipe(v.number(), v.description('See the faults `too_large` and `session.ended`'))
const NodeInfo = named(
  'Node',
  v.object({
    nodeId: NodeIdSchema,
    name: v.string(),
    version: v.string(),
    connectedAt: v.number(),
    slots: v.number(),
    freeSlots: v.number(),
    sessions: v.pipe(v.number(), v.description('How many; whose they are is nobody else’s business')),
    draining: v.pipe(v.boolean(), v.description('It takes no new session and stops when the last one is over')),
    refusing: v.pipe(
      v.nullable(AdmissionRefusal),
      v.description('Why it takes no new session although slots are free; null where it takes one'),
    ),
    vram: v.nullable(Vram),
    vramUsedFraction: v.nullable(v.number()),
    machine: v.nullable(Machine),
    engines: v.array(
      v.object({
        ...EngineInfo.entries,
        demonstration: v.boolean(),
        ready: v.boolean(),
        state: v.optional(EngineState),
        id: v.pipe(v.string(), v.description('`name@version`, as turns record it')),
        configured: v.pipe(
          v.nullable(EngineName),
          v.description('Its name in the node’s configuration: what /api/models/:id means'),
        ),
      }),
    ),
  }),
)
type NodeInfo = v.InferOutput<typeof NodeInfo>

const Info = named(
  'SystemInfo',
  v.object({
    version: v.string(),
    runtime: v.string(),
    startedAt: v.number(),
    uptimeMs: v.number(),
    protocols: v.object({ chat: v.string(), node: v.string(), session: v.string() }),
    sampleRates: v.array(v.picklist(SAMPLE_RATES)),
    limits: v.object(
      Object.fromEntries(Object.keys(LIMITS).map((name) => [name, Limit])) as Record<keyof typeof LIMITS, typeof Limit>,
    ),
    turnOptions: v.pipe(TurnOptions, v.description('The thresholds of a session that asks for none')),
    sessions: v.number(),
    nodes: v.array(NodeInfo),
  }),
)
type Info = v.InferOutput<typeof Info>

export function systemInfoRoutes(ports: InfoPorts) {
  const info = operation(ports, {
    summary: 'What this edge is, what it speaks, its limits and the nodes behind it',
    tag: 'system',
    needs: 'key',
    rate: 'read',
    answers: { 200: Info },
  })
  return new Hono<OperationEnv>().get('/system/info', info, async (c) => {
    const { version, runtime, startedAt } = ports.settings
    const [nodes, sessions] = await Promise.all([ports.fleet.nodes(), ports.sessions.count()])
    const body: Info = {
      version,
      runtime,
      startedAt,
      uptimeMs: ports.clock.now() - startedAt,
      protocols: { chat: CHAT_PROTOCOL, node: NODE_PROTOCOL, session: SESSION_PROTOCOL },
      sampleRates: [...SAMPLE_RATES],
      limits: LIMITS,
      turnOptions: DEFAULT_TURN_OPTIONS,
      sessions,
      nodes: nodes.map(shown),
    }
    return c.json(body)
  })
}

/** A node with the number of its sessions: whose they are is nobody else's business. */
function shown({
  nodeId,
  name,
  version,
  connectedAt,
  slots,
  freeSlots,
  sessions,
  draining,
  ...node
}: NodeView): NodeInfo {
  const { refusing = null, vram, machine = null, engines } = node
  const about = { nodeId, name, version, connectedAt, slots, freeSlots, sessions: sessions.length, draining, refusing }
  const models = engines.map(({ id: configured = null, ...engine }) => ({
    ...engine,
    id: engineId(engine),
    configured,
  }))
  return { ...about, vram, vramUsedFraction: vram && usedFraction(vram), machine, engines: models }
}
