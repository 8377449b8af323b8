// What a session room leaves behind so that another one can go on, on a host whose memory may vanish between two messages.
// Written and read by session-room.ts; the host stores it as one value of structured clone and knows nothing of it.
import type { Caller } from '#shared/model/caller.ts'
import type { SessionId } from '#shared/ids.ts'
import type { Language } from '#shared/model/language.ts'
import type { AudioFormat } from '#shared/protocol/session-messages.ts'
import type { KeptSecrets } from './session-secrets.ts'
import type { SessionState } from './session-state.ts'
import type { KeptTurns } from './turn-log.ts'

export interface KeptSession {
  sessionId: SessionId
  caller: Caller
  state: SessionState
  secrets: KeptSecrets
  traffic: KeptTraffic
}

/** What passed between the ends, without its frames: both ends send them again. */
export interface KeptTraffic {
  audio: AudioFormat | undefined
  language: Language
  turns: KeptTurns
}

/** A part of the room that counts its changes. */
interface Part<T> {
  readonly changes: number
  keep(): T
}

/** Hands over what is to be kept whenever it has changed, and only then: most frames change nothing. */
export class SessionMemory {
  readonly #who: { sessionId: SessionId; caller: Caller }
  readonly #parts: { secrets: Part<KeptSecrets>; traffic: Part<KeptTraffic> }
  readonly #remember: ((kept: KeptSession) => void) | undefined
  #last: { state: SessionState | undefined; changes: number } = { state: undefined, changes: 0 }

  constructor(
    { sessionId, caller }: { sessionId: SessionId; caller: Caller },
    parts: { secrets: Part<KeptSecrets>; traffic: Part<KeptTraffic> },
    remember: ((kept: KeptSession) => void) | undefined,
  ) {
    this.#who = { sessionId, caller }
    this.#parts = parts
    this.#remember = remember
  }

  /** An ended session is kept as it was until its last writes are done: cut short, they are made again. */
  note(state: SessionState): void {
    const { secrets, traffic } = this.#parts
    if (!this.#remember || state.is === 'ended') return
    const changes = secrets.changes + traffic.changes
    if (state === this.#last.state && changes === this.#last.changes) return
    this.#last = { state, changes }
    this.#remember({ ...this.#who, state: lean(state), secrets: secrets.keep(), traffic: traffic.keep() })
  }
}

/** Without the words of past turns: the node has them, and they are the largest part. */
function lean(state: SessionState): SessionState {
  if (!('session' in state)) return state
  const turns = state.session.turns.map(({ id }) => ({ id, utteranceText: '', heardText: '' }))
  return { ...state, session: { ...state.session, turns } }
}
