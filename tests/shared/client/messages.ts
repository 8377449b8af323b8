// Messages of the edge with all their fields, of which a test names only what it is about.
import type { TurnId } from '#shared/ids.ts'
import { DEFAULT_TURN_OPTIONS } from '#shared/model/turn-options.ts'
import { NO_TIMINGS } from '#shared/model/turn.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { DEFAULT_AUDIO_FORMAT } from '#shared/protocol/session-messages.ts'

export type Down<T extends ChatDown['type']> = Extract<ChatDown, { type: T }>

export function readyMessage(changed: Partial<Down<'session.ready'>> = {}): Down<'session.ready'> {
  return {
    type: 'session.ready',
    id: 'msg_ready',
    sessionId: 'ses_first',
    conversationId: 'cnv_first',
    resumeToken: 'token-1',
    resumeUrl: '/ws/chat?session=ses_first',
    heartbeat: { pingEveryMs: 2_000, deadAfterMs: 8_000 },
    personaId: 'per_default',
    personaName: 'Parley',
    language: 'en',
    audio: DEFAULT_AUDIO_FORMAT,
    options: DEFAULT_TURN_OPTIONS,
    engines: [],
    ...changed,
  }
}

export function doneMessage(turnId: TurnId, changed: Partial<Down<'reply.done'>> = {}): Down<'reply.done'> {
  return {
    type: 'reply.done',
    seq: 1,
    turnId,
    status: 'complete',
    replyText: '',
    heardText: '',
    sentSamples: 0,
    timings: NO_TIMINGS,
    ...changed,
  }
}
