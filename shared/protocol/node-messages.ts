// parley.node.v1, the control wire: one small socket per node, dialled by the node. Nothing that streams goes here.
import * as v from 'valibot'
import { EngineInfo, EngineName, EngineState } from '#shared/model/engine.ts'
import { AdmissionRefusal, Machine } from '#shared/model/node.ts'
import { TurnRecord } from '#shared/model/turn.ts'
import { EndReason, FaultMessage, GoAway } from './session-messages.ts'
import { ConversationIdSchema, NodeIdSchema, SessionIdSchema } from '#shared/model/ids.ts'

const Count = v.pipe(v.number(), v.integer(), v.minValue(0))
/** Slots of one node: over this something is misread. */
export const MAX_SLOTS = 256

/** Memory of the card; null where there is none or it cannot be read. */
export const Vram = v.object({ usedBytes: Count, totalBytes: Count })
export type Vram = v.InferOutput<typeof Vram>

/** What a node says of itself, at hello and whenever it changes. */
const status = {
  slots: v.pipe(Count, v.maxValue(MAX_SLOTS)),
  freeSlots: v.pipe(Count, v.maxValue(MAX_SLOTS)),
  /** The sessions that this node has now. */
  sessions: v.array(SessionIdSchema),
  /** One engine a role and language; what /health shows as models. */
  engines: v.array(
    v.object({
      ...EngineInfo.entries,
      ready: v.boolean(),
      /** Its name in the node's configuration: what /api/models/:id means. */
      id: v.optional(EngineName),
      state: v.optional(EngineState),
    }),
  ),
  vram: v.nullable(Vram),
  /** Why no new session is taken although slots are free; null where one is. */
  refusing: v.optional(v.nullable(AdmissionRefusal)),
  machine: v.optional(Machine),
}
export const NodeStatus = v.object(status)
export type NodeStatus = v.InferOutput<typeof NodeStatus>

/** Node → edge. */
export const NodeControlMessage = v.variant('type', [
  /** The first message. `name` is for people; the id comes from the token. */
  v.object({
    type: v.literal('node.hello'),
    name: v.pipe(v.string(), v.maxLength(64)),
    version: v.string(),
    ...status,
  }),
  v.object({ type: v.literal('node.status'), ...status }),
  v.object({ type: v.literal('offer.accepted'), sessionId: SessionIdSchema, epoch: Count }),
  v.object({
    type: v.literal('offer.declined'),
    sessionId: SessionIdSchema,
    epoch: Count,
    code: v.string(),
    reason: v.optional(AdmissionRefusal),
  }),
  /** From the outbox, until turn.stored comes back. Stored by turn id, once, whatever the epoch. */
  v.object({
    type: v.literal('turn.finished'),
    sessionId: SessionIdSchema,
    conversationId: ConversationIdSchema,
    turn: TurnRecord,
  }),
  /** The node will take no new session; live ones finish. */
  v.object({ type: v.literal('node.draining') }),
  v.object({
    type: v.literal('response'),
    id: v.string(),
    result: v.optional(v.unknown()),
    fault: v.optional(FaultMessage),
  }),
])
export type NodeControlMessage = v.InferOutput<typeof NodeControlMessage>

/** Edge → node. */
export const EdgeControlMessage = v.variant('type', [
  v.object({ type: v.literal('node.welcome'), nodeId: NodeIdSchema }),
  /** Dial /node/session/:sessionId with this ticket, once, before expiresAt by the edge's clock; or decline. */
  v.object({
    type: v.literal('session.offer'),
    sessionId: SessionIdSchema,
    epoch: Count,
    ticket: v.string(),
    expiresAt: v.number(),
  }),
  /** The session is over or elsewhere; free its slot if it is still held. */
  v.object({ type: v.literal('session.revoked'), sessionId: SessionIdSchema, reason: EndReason }),
  v.object({ type: v.literal('turn.stored'), turnId: v.string() }),
  /** The turn can never be stored (its conversation was deleted, it is not readable): drop it from the outbox. */
  v.object({ type: v.literal('turn.rejected'), turnId: v.string(), code: v.string() }),
  v.object({ type: v.literal('node.drain') }),
  GoAway,
  v.object({
    type: v.literal('request'),
    id: v.string(),
    method: v.string(),
    params: v.optional(v.unknown()),
    deadlineMs: Count,
  }),
  FaultMessage,
])
export type EdgeControlMessage = v.InferOutput<typeof EdgeControlMessage>
