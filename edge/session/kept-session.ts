// What a session room leaves behind so that another one can go on, on a host whose memory may vanish between two messages.
// Written and read by session-room.ts; the host stores it as one value of structured clone and knows nothing of it.
import type { Caller } from '#shared/model/caller.ts'
import type { SessionId } from '#shared/ids.ts'
import { invariant } from '#shared/invariant.ts'
import type { Language } from '#shared/model/language.ts'
import type { AudioFormat } from '#shared/protocol/session-messages.ts'
import type { KeptSecrets } from './session-secrets.ts'
import type { SessionState } from './session-state.ts'
import type { KeptTurns } from './turn-log.ts'

/** What a client of another wire may keep, in UTF-8. Beside it a session keeps a few KiB, and a host stores all of it at each change. */
export const MAX_CLIENT_KEPT_BYTES = 32 * 1024

export interface KeptSession {
  sessionId: SessionId
  caller: Caller
  state: SessionState
  secrets: KeptSecrets
  traffic: KeptTraffic
  /** Of the caller's client, where he speaks another wire: see RoomSocket.kept. */
  client?: string | undefined
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
  #who: { sessionId: SessionId; caller: Caller }
  readonly #parts: { secrets: Part<KeptSecrets>; traffic: Part<KeptTraffic> }
  readonly #remember: ((kept: KeptSession) => void) | undefined
  #client: string | undefined
  #last: { state: SessionState | undefined; changes: number; client: string | undefined }

  constructor(
    { sessionId, caller }: { sessionId: SessionId; caller: Caller },
    parts: { secrets: Part<KeptSecrets>; traffic: Part<KeptTraffic> },
    { remember, client }: { remember: ((kept: KeptSession) => void) | undefined; client: string | undefined },
  ) {
    this.#who = { sessionId, caller }
    this.#parts = parts
    this.#remember = remember
    this.#client = client
    this.#last = { state: undefined, changes: 0, client }
  }

  /** The newest value of the caller's client. */
  get client(): string | undefined {
    return this.#client
  }

  /** Another key or token is behind the session. It is noted with the state that changes by it. */
  keepCaller(caller: Caller): void {
    this.#who = { ...this.#who, caller }
  }

  /** A client kept another value than before. The value outlives its socket. */
  keepClient(kept: string | undefined): void {
    if (kept === undefined || kept === this.#client) return
    invariant(new TextEncoder().encode(kept).byteLength <= MAX_CLIENT_KEPT_BYTES, 'a client keeps no more than it may')
    this.#client = kept
  }

  /** An ended session is kept as it was until its last writes are done: cut short, they are made again. */
  note(state: SessionState): void {
    const { secrets, traffic } = this.#parts
    if (!this.#remember || state.type === 'ended') return
    const changes = secrets.changes + traffic.changes
    const client = this.#client
    if (state === this.#last.state && changes === this.#last.changes && client === this.#last.client) return
    this.#last = { state, changes, client }
    const parts = { secrets: secrets.keep(), traffic: traffic.keep() }
    this.#remember({ ...this.#who, state: lean(state), ...parts, ...(client !== undefined && { client }) })
  }
}

/** Without the words of past turns: the node has them, and they are the largest part. */
function lean(state: SessionState): SessionState {
  if (!('session' in state)) return state
  const turns = state.session.turns.map(({ id }) => ({ id, utteranceText: '', heardText: '' }))
  return { ...state, session: { ...state.session, turns } }
}
