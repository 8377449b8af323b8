// GET /api/system/info, with a key: what this edge is, what it speaks, its limits and the nodes behind it. Engines that are
// only good for a demonstration say so.
import { Hono } from 'hono'
import type { EdgePorts, NodeView } from '#edge/ports.ts'
import { engineId } from '#shared/model/engine.ts'
import { DEFAULT_TURN_OPTIONS } from '#shared/model/turn-options.ts'
import * as limits from '#shared/protocol/limits.ts'
import { CHAT_PROTOCOL, NODE_PROTOCOL, SESSION_PROTOCOL } from '#shared/protocol/version.ts'
import { SAMPLE_RATES } from '#shared/protocol/session-messages.ts'
import { callerOf, type AuthPorts } from './auth.ts'
import { MAX_BODY_BYTES } from './read-body.ts'

type InfoPorts = AuthPorts & Pick<EdgePorts, 'fleet' | 'sessions'>

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

export function systemInfoRoutes(ports: InfoPorts) {
  return new Hono().get('/system/info', async (c) => {
    await callerOf(c, ports)
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

/** A node without its sessions: whose they are is nobody else's business. */
function shown({ nodeId, name, version, slots, freeSlots, draining, vram, engines }: NodeView) {
  const models = engines.map((engine) => ({ ...engine, id: engineId(engine) }))
  return { nodeId, name, version, slots, freeSlots, draining, vram, engines: models }
}
