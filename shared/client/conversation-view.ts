// What of a session a person is shown, pure: the turns as they grow, notices, and who speaks. Page and command line draw it.
import type { TurnId } from '#shared/ids.ts'
import type { EngineInfo } from '#shared/model/engine.ts'
import type { TurnStatus } from '#shared/model/turn.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import type { FaultMessage } from '#shared/protocol/session-messages.ts'
import { limitNearText } from './quota-text.ts'

/** Notices that are kept on show: more than a person reads. */
const MAX_NOTICES_SHOWN = 20
/** Turns that are kept on show; older ones are in the conversation's history. */
const MAX_TURNS_SHOWN = 200

export interface ViewTurn {
  turnId: TurnId
  utterance: string
  /** The utterance may still change. */
  partial: boolean
  reply: string
  /** What of the reply was heard; known when it is over. */
  heard: string | undefined
  status: TurnStatus | undefined
  /** What went wrong in this turn. */
  fault: FaultMessage | undefined
}

export interface ConversationView {
  personaName: string | undefined
  engines: EngineInfo[]
  turns: ViewTurn[]
  notices: string[]
  /** What is going on now. */
  activity: 'idle' | 'hearing' | 'thinking' | 'speaking'
}

export const emptyView: ConversationView = {
  personaName: undefined,
  engines: [],
  turns: [],
  notices: [],
  activity: 'idle',
}

const NOTICE_TEXT = {
  voiceUnavailable: 'There is no voice for this language: the reply is text only.',
  degraded: 'An engine was replaced by a simpler one.',
  restored: 'The engine that was replaced is back.',
  limitNear: 'A limit is near.',
  draining: 'This node is about to restart; the conversation goes on elsewhere.',
  tokenEnds: 'Your sign-in ends within a minute, and this call with it.',
  tokenRenewed: 'Your sign-in was renewed; the call goes on.',
} as const

function noticeText({ notice, detail }: Extract<ChatDown, { type: 'session.notice' }>): string {
  if (notice === 'limitNear') return limitNearText(detail) ?? NOTICE_TEXT.limitNear
  if (notice === 'voiceUnavailable' && detail === 'caller') return 'This voice cannot speak like you.'
  if (notice === 'voiceUnavailable' && detail === 'profile')
    return 'The chosen voice cannot be used: this is another one.'
  return NOTICE_TEXT[notice]
}

/** While a barge-in is weighed (reply.paused) the caller is heard; it may come to nothing. */
const ACTIVITY: Partial<Record<ChatDown['type'], ConversationView['activity']>> = {
  'reply.started': 'thinking',
  'reply.paused': 'hearing',
  'reply.resumed': 'speaking',
}

export function reduceView(view: ConversationView, message: ChatDown): ConversationView {
  switch (message.type) {
    case 'session.ready':
      return { ...endOpenTurns(view), personaName: message.personaName, engines: message.engines }
    case 'session.ended':
      return endOpenTurns(view)
    case 'utterance.started':
      return { ...change(view, message.turnId, {}), activity: 'hearing' }
    case 'utterance.ended':
      return endUtterance(view, message.turnId, message.reason)
    case 'transcript.partial':
      return change(view, message.turnId, { utterance: message.text, partial: true })
    case 'transcript.final':
      return endTranscript(view, message)
    case 'transcript.corrected':
      return change(view, message.turnId, { utterance: message.text, partial: false })
    case 'reply.text':
      return { ...appendReply(view, message.turnId, message.text), activity: 'speaking' }
    case 'reply.done':
      return endReply(view, message)
    case 'fault':
      return hasTurn(view, message.turnId) ? change(view, message.turnId, { fault: message }) : view
    case 'session.notice':
      return { ...view, notices: [...view.notices, noticeText(message)].slice(-MAX_NOTICES_SHOWN) }
    default:
      return { ...view, activity: ACTIVITY[message.type] ?? view.activity }
  }
}

/** Whether this turn is on show. */
export function hasTurn(view: ConversationView, turnId: TurnId | undefined): turnId is TurnId {
  return turnId !== undefined && view.turns.some((turn) => turn.turnId === turnId)
}

const emptyTurn: Omit<ViewTurn, 'turnId'> = {
  utterance: '',
  partial: true,
  reply: '',
  heard: undefined,
  status: undefined,
  fault: undefined,
}

function change(view: ConversationView, turnId: TurnId, changed: Partial<ViewTurn>): ConversationView {
  const fresh = { ...emptyTurn, turnId }
  const turns = hasTurn(view, turnId) ? view.turns : [...view.turns, fresh].slice(-MAX_TURNS_SHOWN)
  return { ...view, turns: turns.map((turn) => (turn.turnId === turnId ? { ...turn, ...changed } : turn)) }
}

function appendReply(view: ConversationView, turnId: TurnId, text: string): ConversationView {
  const reply = view.turns.find((turn) => turn.turnId === turnId)?.reply ?? ''
  return change(view, turnId, { reply: reply + text })
}

function endTranscript(view: ConversationView, final: { turnId: TurnId; text: string }): ConversationView {
  const changed = change(view, final.turnId, { utterance: final.text, partial: false })
  // A turn by text begins with it; after a spoken one the caller may already speak again.
  const isLatest = changed.turns.at(-1)?.turnId === final.turnId
  return { ...changed, activity: isLatest ? 'thinking' : view.activity }
}

function endReply(view: ConversationView, done: Extract<ChatDown, { type: 'reply.done' }>): ConversationView {
  const { turnId, status, heardText, replyText } = done
  // A reply that was interrupted ends while its caller speaks on.
  const activity = view.turns.at(-1)?.turnId === turnId ? 'idle' : view.activity
  return { ...change(view, turnId, { status, heard: heardText, reply: replyText, partial: false }), activity }
}

/** What was under way in a session that is over stays as far as it came. */
function endOpenTurns(view: ConversationView): ConversationView {
  const turns = view.turns.filter((turn) => turn.utterance + turn.reply !== '')
  return {
    ...view,
    turns: turns.map((turn) => (turn.status === undefined ? { ...turn, partial: false, status: 'cut' } : turn)),
    activity: 'idle',
  }
}

/** A sound that held no word leaves no trace. */
function endUtterance(view: ConversationView, turnId: TurnId, reason: string): ConversationView {
  if (reason !== 'noSpeech' && reason !== 'cleared') return { ...view, activity: 'thinking' }
  const turns = view.turns.filter((turn) => turn.turnId !== turnId)
  // It may have been a cough into a reply that goes on.
  const isReplying = turns.some((turn) => turn.reply !== '' && turn.status === undefined)
  return { ...view, turns, activity: isReplying ? 'speaking' : 'idle' }
}
