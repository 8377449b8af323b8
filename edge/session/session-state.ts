// The states of a session, what can happen to it, what must then be done, and how long each state may last: data only.
// session-reduce.ts has the transitions, session-deadlines.ts the deadlines, session-room.ts does the effects.
// Knows no socket, no store and no node.
import type { QuotaStanding } from '#edge/store/quotas.ts'
import type { Fault } from '#shared/fault.ts'
import type { ConversationId, NodeId, TurnId } from '#shared/ids.ts'
import type { EngineInfo, EngineWishes } from '#shared/model/engine.ts'
import type { Language } from '#shared/model/language.ts'
import type { Persona } from '#shared/model/persona.ts'
import type { SpeakingVoice } from '#shared/model/voice-profile.ts'
import type { Quota } from '#shared/model/quota.ts'
import type { TurnOptions } from '#shared/model/turn-options.ts'
import type { PastTurn } from '#shared/model/turn.ts'
import type { SessionStart } from '#shared/protocol/chat-messages.ts'
import { DATA_SILENT_AFTER_MS, NODE_DEAD_AFTER_MS } from '#shared/protocol/limits.ts'
import type { AudioFormat, EndReason, TtsMode } from '#shared/protocol/session-messages.ts'

/** The store answers in milliseconds. A caller waits so long for one that does not. */
export const OPENING_MS = 10_000
/**
 * The fleet bounds each offer and answers by itself; a session outlives a fleet that does not. Time for ten nodes that do not
 * answer; with DIAL_WITHIN_MS it is within the life of the node's ticket.
 */
export const PLACING_MS = 20_000
/** From accepted offer to data socket: over it the node counts as dead. */
export const DIAL_WITHIN_MS = NODE_DEAD_AFTER_MS
/** From session.begin to session.begun: a node may have to load a voice first. */
export const BEGIN_WITHIN_MS = 20_000
/** The node may be without data socket so long. With the silence before, the caller knows within NODE_DEAD_AFTER_MS. */
export const NODE_RETURN_MS = NODE_DEAD_AFTER_MS - DATA_SILENT_AFTER_MS
/** The caller is told so long before his key or token ends. */
export const TOKEN_ENDS_NOTICE_MS = 60_000
/** For the node's last messages after session.end. */
export const FAREWELL_MS = 3_000

/** What a session is about, once the store has opened it. */
export interface OpenedSession {
  conversationId: ConversationId
  persona: Persona
  /** Whose voice it speaks with; null for the persona's own. */
  voiceProfile: SpeakingVoice | null
  /** Whether its node keeps the sound of its turns. */
  keepAudio: boolean
  language: Language
  ttsMode: TtsMode
  audio: AudioFormat
  options: TurnOptions
  turns: PastTurn[]
  lastTurn: number
  /** Quotas of which at least 80 % were used before. */
  near: Quota[]
  /** When the key or token behind its caller ends; undefined where it never does. */
  tokenEndsAt?: number | undefined
}

/** Where the session runs. */
export interface Placed {
  nodeId: NodeId
  epoch: number
}

/** `gone`: the socket is lost; the leg keeps its frames and waits for a resume. */
export type Presence = { type: 'here' } | { type: 'gone'; since: number }

/** `waiting`: a client of another wire is back before the node. Only the node can say which of its messages arrived. */
export type CallerPresence = Presence | { type: 'waiting' }

export type SessionState =
  /** The caller's socket is here; nothing was said yet. */
  | { type: 'awaitingStart'; since: number }
  /** The store was asked. */
  | { type: 'opening'; since: number }
  /** Given up while the store was still opening it: what it opened must be ended. */
  | { type: 'abandoned'; reason: EndReason }
  /** The fleet was asked. */
  | { type: 'placing'; session: OpenedSession; epoch: number; since: number }
  /** A node accepted, its ticket is out. */
  | { type: 'waitingForNode'; session: OpenedSession; at: Placed; until: number }
  /** The node has session.begin and gets its engines ready. */
  | { type: 'beginning'; session: OpenedSession; at: Placed; until: number }
  /** The caller was told ready. Either socket may be lost and come back. */
  | {
      type: 'live'
      session: OpenedSession
      at: Placed
      since: number
      /** When words were last said, by either side. */
      spokeAt: number
      /** Quotas whose 80 % warning the caller has. */
      toldNear: readonly Quota[]
      /** The caller knows that his key or token will end. */
      isEndTold: boolean
      /** Nothing is left of a quota, or the key or token has ended: the session ends once these turns are over. */
      leaving: { fault: Fault; after: readonly TurnId[] } | undefined
      caller: CallerPresence
      node: Presence
    }
  /** The node was told to end and finishes what it says. */
  | { type: 'ending'; session: OpenedSession; reason: EndReason; until: number; fault: Fault | undefined }
  /** `owed`: what the end needs in any case. A bug while the end is made does it again, once; each of it may come twice. */
  | { type: 'ended'; reason: EndReason; owed: readonly SessionEffect[] }

export type SessionEvent =
  | { type: 'started'; start: SessionStart }
  | { type: 'opened'; session: OpenedSession }
  | { type: 'openFailed'; fault: Fault }
  | { type: 'placed'; at: Placed }
  | { type: 'placeFailed'; fault: Fault }
  /** `received`: the highest number of the node's messages that the caller has; undefined where he goes by the room's. */
  | { type: 'callerResumed'; received: number | undefined }
  | { type: 'callerLost' }
  | { type: 'callerEnds' }
  | { type: 'nodeDialled' }
  /** `received`: the highest number of the caller's messages that the node has. */
  | { type: 'nodeResumed'; received: number }
  | { type: 'begun'; engines: EngineInfo[] }
  /** The node gives the session up. */
  | { type: 'nodeFailed'; fault: Fault }
  /** The node shuts down, and has said everything. */
  | { type: 'nodeLeaves' }
  /** The data socket is gone; `isClean` where the node closed it because it had said everything. */
  | { type: 'nodeSocketLost'; isClean: boolean }
  /** The fleet says that the node is gone. */
  | { type: 'nodeGone'; nodeId: NodeId }
  /** The node has put the caller's words in place of what was recognised. */
  | { type: 'corrected'; turnId: TurnId; text: string }
  /** Somebody said something; `open`: the turns that are being said. */
  | { type: 'spoke'; open: readonly TurnId[] }
  /** A turn of this session was stored, and little or nothing is left of a quota. `open`: the turns that are being said. */
  | { type: 'metered'; standing: QuotaStanding; open: readonly TurnId[] }
  /** A leg keeps more than it may. */
  | { type: 'overflowed'; fault: Fault }
  /** The caller sends more than he may. */
  | { type: 'flooded'; fault: Fault }
  /** The key behind the session is not valid any more. */
  | { type: 'keyEnded' }
  /** Another key or token of the same user is behind the session now; undefined where it never ends. */
  | { type: 'renewed'; endsAt: number | undefined }
  | { type: 'shutdown' }
  /** The room's memory was lost, and both sockets with it; the state is what was kept. */
  | { type: 'woke' }
  /** A bug of ours: whatever was under way ends. */
  | { type: 'broke' }
  /** `open`: the turns that are being said. */
  | { type: 'alarm'; open: readonly TurnId[] }

export type SessionEffect =
  | { type: 'open'; start: SessionStart }
  | { type: 'place'; epoch: number; engines: EngineWishes | undefined }
  | { type: 'recordPlacement'; at: Placed }
  /** session.begin to the node that dialled. */
  | { type: 'begin'; session: OpenedSession; at: Placed }
  | { type: 'resumeNode'; received: number }
  | { type: 'ready'; session: OpenedSession; engines: EngineInfo[] }
  | { type: 'resumeCaller'; received: number | undefined }
  | { type: 'tellCaller'; fault: Fault }
  /** At least `percent` of the quota is used. */
  | { type: 'tellLimit'; quota: Quota; percent: 80 | 100 }
  | { type: 'tellToken'; notice: 'tokenEnds' | 'tokenRenewed'; endsAt: number | undefined }
  | { type: 'hangUp'; fault: Fault }
  | { type: 'tellNode'; reason: EndReason }
  /** What was being said is written with status cut: nobody else will. */
  | { type: 'cut'; session: OpenedSession }
  /** For a turn of an earlier session only: the node itself reports corrections of this session's turns. */
  | { type: 'recordCorrection'; session: OpenedSession; turnId: TurnId; text: string }
  | { type: 'release'; reason: EndReason }
  | { type: 'recordEnd'; reason: EndReason }
  /**
   * Once the writes are done, so that the conversation is free when the caller hears of it: close both and forget.
   * `saysEnded`: with session.ended before; a session that never was is refused by its fault alone.
   */
  | { type: 'leave'; reason: EndReason; saysEnded: boolean; fault: Fault | undefined }

export interface Transition {
  state: SessionState
  effects: SessionEffect[]
}
