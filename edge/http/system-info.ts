// GET /api/system/info, with a key: what this edge is, what it speaks, its limits and the nodes behind it. Engines that are
// only good for a demonstration say so.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import type { NodeView } from '#edge/rooms-ports.ts'
import { engineId } from '#shared/model/engine.ts'
import { DEFAULT_TURN_OPTIONS } from '#shared/model/turn-options.ts'
import * as limits from '#shared/protocol/limits.ts'
import { CHAT_PROTOCOL, NODE_PROTOCOL, SESSION_PROTOCOL } from '#shared/protocol/version.ts'
import { SAMPLE_RATES } from '#shared/protocol/session-messages.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'
import { usedFraction } from './health.ts'
import { MAX_BODY_BYTES } from '#edge/http/operation/read-body.ts'

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
  // What counts for a client: its session is over then, whatever its token is good for.
  resumeMs: limits.CALLER_GONE_MS,
  idleSessionMs: limits.IDLE_SESSION_MS,
  sessionMs: limits.MAX_SESSION_MS,
  ticketMs: limits.CALLER_TICKET_VALID_MS,
  bodyBytes: MAX_BODY_BYTES,
} as const

const Info = v.looseObject({
  version: v.string(),
  runtime: v.string(),
  startedAt: v.number(),
  uptimeMs: v.number(),
  sessions: v.number(),
  nodes: v.array(v.looseObject({ nodeId: v.string(), name: v.string(), sessions: v.number(), slots: v.number() })),
})

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
    return c.json({
      version,
      runtime,
      startedAt,
      uptimeMs: ports.clock.now() - startedAt,
      protocols: { chat: CHAT_PROTOCOL, node: NODE_PROTOCOL, session: SESSION_PROTOCOL },
      sampleRates: SAMPLE_RATES,
      limits: LIMITS,
      turnOptions: DEFAULT_TURN_OPTIONS,
      sessions,
      nodes: nodes.map(shown),
    })
  })
}

/** A node with the number of its sessions: whose they are is nobody else's business. */
function shown({ nodeId, name, version, connectedAt, slots, freeSlots, sessions, draining, ...node }: NodeView) {
  const { refusing = null, vram, machine = null, engines } = node
  const about = { nodeId, name, version, connectedAt, slots, freeSlots, sessions: sessions.length, draining, refusing }
  const models = engines.map(({ id: configured = null, ...engine }) => ({
    ...engine,
    id: engineId(engine),
    /** Its name in the node's configuration: what /api/models/:id means. */
    configured,
  }))
  return { ...about, vram, vramUsedFraction: vram && usedFraction(vram), machine, engines: models }
}
