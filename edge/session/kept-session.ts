// What a session room leaves behind so that another one can go on, on a host whose memory may vanish between two messages.
// Written and read by session-room.ts; the host stores it as one value of structured clone and knows nothing of it.
import type { Caller } from '#edge/ports.ts'
import type { SessionId } from '#shared/ids.ts'
import type { KeptSecrets } from './session-secrets.ts'
import type { SessionState } from './session-state.ts'
import type { KeptTraffic } from './traffic.ts'

export interface KeptSession {
  sessionId: SessionId
  caller: Caller
  state: SessionState
  secrets: KeptSecrets
  traffic: KeptTraffic
}

/** Without the words of past turns: the node has them, and they are the largest part. */
export function lean(state: SessionState): SessionState {
  if (!('session' in state)) return state
  const turns = state.session.turns.map(({ id }) => ({ id, utteranceText: '', heardText: '' }))
  return { ...state, session: { ...state.session, turns } }
}
