// What the page says in words about the state of a call: faults, ends, modes. Pure; the only place that puts them in English.
import { quotaFaultText } from '#shared/client/quota-text.ts'
import type { FaultCode } from '#shared/fault.ts'
import type { EngineInfo, EngineRole } from '#shared/model/engine.ts'
import type { AdmissionRefusal } from '#shared/model/node.ts'
import type { TurnStatus } from '#shared/model/turn.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'

export type Mode = 'idle' | 'asking' | 'connecting' | 'reconnecting' | 'listening' | 'hearing' | 'thinking' | 'speaking'

export const MODE_TEXT: Record<Mode, string> = {
  idle: 'Press to talk',
  asking: 'Please allow the microphone …',
  connecting: 'Connecting …',
  reconnecting: 'Connection lost, trying again …',
  listening: 'Listening – just speak',
  hearing: 'I hear you …',
  thinking: 'Thinking …',
  speaking: 'Speaking – interrupt whenever you like',
}

/** What a caller can do about a fault; the others keep the words that the edge sent. */
const FAULT_TEXT: Partial<Record<FaultCode, string>> = {
  no_capacity: 'No GPU node has a free place just now. Trying again by itself …',
  unavailable: 'Parley cannot be reached just now. Trying again by itself …',
  rate_limited: 'That was too often in a short time. Trying again by itself …',
  conflict: 'This conversation is still open elsewhere. Waiting for it to close …',
  node_lost: 'The GPU node was lost. Please say that again.',
  engine_failed: 'An engine failed in this turn. Please try again.',
  deadline_exceeded: 'The reply took too long. Please try again.',
  quota_exhausted: 'The quota is used up for now.',
  internal: 'Something went wrong on our side. Please try again.',
}

/** Why a node with a free place takes nobody, for no_capacity. */
const REFUSAL_TEXT: Record<AdmissionRefusal, string> = {
  vram: 'The graphics card is busy with something else just now.',
  llmQueue: 'The language model is busy just now.',
  kvCache: 'The language model is busy just now.',
  sttQueue: 'Speech recognition is busy just now.',
  ttsQueue: 'The voice is busy just now.',
  engines: 'The engines that this call needs are not there yet.',
}

interface ToldFault {
  code: string
  message: string
  reason?: string
  max?: number
  unit?: string
  quota?: string
}

export function faultText(fault: ToldFault): string {
  if (fault.code === 'no_capacity' && fault.reason !== undefined && fault.reason in REFUSAL_TEXT)
    return `${REFUSAL_TEXT[fault.reason as AdmissionRefusal]} Trying again by itself …`
  if (fault.code === 'too_large' && fault.max !== undefined)
    return `That was more than the ${amountText(fault.max, fault.unit)} that are taken at once.`
  return quotaFaultText(fault.quota) ?? FAULT_TEXT[fault.code as FaultCode] ?? fault.message
}

const STATUS_TEXT: Partial<Record<TurnStatus, string>> = {
  failed: 'This reply failed.',
  cut: 'The connection was lost here.',
}

interface ToldTurn {
  status: TurnStatus | undefined
  reply: string
  /** As the edge told it. Of a stored turn only the code is known. */
  fault: ToldFault | { code: string; message?: undefined } | undefined
}

/** The line at a turn in which something went wrong; undefined where nothing did, or the persona has said it. */
export function turnText({ status, reply, fault }: ToldTurn): string | undefined {
  if (fault?.code === 'blocked' && reply !== '') return undefined
  const byStatus = status && STATUS_TEXT[status]
  if (fault === undefined) return byStatus
  return faultText({ ...fault, message: fault.message ?? byStatus ?? '' }) || undefined
}

function amountText(amount: number, unit = 'bytes'): string {
  return unit === 'ms' ? `${amount / 1000} seconds` : `${amount.toLocaleString('en')} ${unit}`
}

const GO_ON = 'Press the button to go on where you were.'
const END_TEXT: Partial<Record<EndReason | FaultCode, string>> = {
  callerGone: `The connection was away for too long. ${GO_ON}`,
  idle: `Nobody spoke for five minutes, so the call was ended. ${GO_ON}`,
  maxDuration: `This call was as long as a call may be. ${GO_ON}`,
  nodeLost: `The GPU node was lost. ${GO_ON}`,
  shutdown: `The edge was stopped. ${GO_ON}`,
  fault: `The call broke off. ${GO_ON}`,
  replaced: `The call went on in another window. ${GO_ON}`,
  conflict: 'This conversation is open in another window. Close it there, or begin a new conversation.',
  not_found: 'That conversation, or the chosen voice, is gone. Press the button to go on without it.',
  forbidden: 'Your key does not allow calls.',
  too_large: `The connection was away for too long. ${GO_ON}`,
  quota_exhausted: 'The quota is used up for now.',
  unsupported_version: 'This page is older than the edge. Load it anew.',
}

/** Undefined where the caller ended the call, or where the page shows how to sign in instead. */
export function endText(reason: EndReason | FaultCode | undefined): string | undefined {
  if (reason === undefined || reason === 'caller' || reason === 'unauthenticated') return undefined
  return END_TEXT[reason] ?? `The call has ended. ${GO_ON}`
}

const ROLE_TEXT: Record<EngineRole, string> = {
  vad: 'speech detection',
  stt: 'speech recognition',
  llm: 'answers',
  tts: 'voice',
}

/** Names the demonstration engines; undefined where there is none. */
export function demonstrationText(engines: readonly EngineInfo[]): string | undefined {
  const shown = engines.filter((engine) => engine.demonstration)
  if (shown.length === 0) return undefined
  return `Demonstration engines: ${shown.map(({ role, name }) => `${ROLE_TEXT[role]} (${name})`).join(', ')}.`
}
