// Ids as they cross wires and routes: refused where they have another form, and described by their pattern.
import * as v from 'valibot'
import { ID_PATTERNS, isId, type Id, type Kind } from '#shared/ids.ts'

const idSchema = <K extends Kind>(kind: K, what: string) =>
  v.pipe(
    v.string(`not a ${what} id`),
    v.regex(ID_PATTERNS[kind], `not a ${what} id`),
    v.guard((id: string): id is Id<K> => isId(kind, id)),
  )

export const ConversationIdSchema = idSchema('conversation', 'conversation')
export const NodeIdSchema = idSchema('node', 'node')
export const PersonaIdSchema = idSchema('persona', 'persona')
export const SessionIdSchema = idSchema('session', 'session')
export const TaskIdSchema = idSchema('task', 'task')
export const TurnIdSchema = idSchema('turn', 'turn')
export const UserIdSchema = idSchema('user', 'user')
export const VoiceProfileIdSchema = idSchema('voiceProfile', 'voice profile')
