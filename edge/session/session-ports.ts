// What a session room needs from its host and from the rest of the edge. Given by edge/runtime.
import type { Fleet, Metrics } from '#edge/ports.ts'
import type { Store } from '#edge/store/store.ts'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { ClientCodec } from './client-codec.ts'
import type { KeptSession } from './kept-session.ts'

export interface SessionRoomPorts {
  clock: Clock
  log: Log
  store: Pick<Store, 'sessions' | 'turns' | 'voices' | 'audio'>
  fleet: Pick<Fleet, 'place' | 'release'>
  metrics: Pick<Metrics, 'count' | 'observe'>
  codec: ClientCodec
  /** One alarm a room: a later call replaces it, undefined clears it. */
  setAlarm: (at: number | undefined) => void
  /** Keeps what a later room of this session needs, where the host's memory may vanish; called when it has changed. */
  remember?: (kept: KeptSession) => void
  /** The session is over and written: the host may forget the room. */
  onEnded: () => void
}
