// Branded, prefixed ids: a conversation's id cannot be passed where a turn's is wanted, and a log line says what it
// names.

const PREFIX = {
  conversation: 'cnv_',
  session: 'ses_',
  turn: 'trn_',
  node: 'nod_',
  persona: 'per_',
  voiceProfile: 'voi_',
  user: 'usr_',
  apiKey: 'key_',
  message: 'msg_',
  task: 'tsk_',
} as const

export type Kind = keyof typeof PREFIX
export type Id<K extends Kind> = `${(typeof PREFIX)[K]}${string}`

export type ConversationId = Id<'conversation'>
export type SessionId = Id<'session'>
export type TurnId = Id<'turn'>
export type NodeId = Id<'node'>
export type PersonaId = Id<'persona'>
export type UserId = Id<'user'>
export type ApiKeyId = Id<'apiKey'>
export type VoiceProfileId = Id<'voiceProfile'>
export type TaskId = Id<'task'>

/** Makes an id that sorts by creation: 9 characters of time (base 36), then 80 random bits. */
export function newId<K extends Kind>(kind: K, now: number = Date.now()): Id<K> {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => byte.toString(16).padStart(2, '0'))
  return `${PREFIX[kind]}${now.toString(36).padStart(9, '0')}${random.join('')}`
}

/** Whether a string has the form of an id of this kind. */
export function isId<K extends Kind>(kind: K, value: string): value is Id<K> {
  return ID_PATTERNS[kind].test(value)
}

export const ID_PATTERNS = Object.fromEntries(
  Object.entries(PREFIX).map(([kind, prefix]) => [kind, new RegExp(`^${prefix}[a-z0-9_]{3,61}$`)]),
) as Record<Kind, RegExp>
