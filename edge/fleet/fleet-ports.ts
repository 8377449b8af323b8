// What the room of the fleet needs of its host.
import type { Metrics, Sessions } from '#edge/ports.ts'
import type { Store } from '#edge/store/store.ts'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { FleetState } from './fleet-state.ts'

export interface FleetRoomPorts {
  clock: Clock
  log: Log
  store: Pick<Store, 'turns'>
  sessions: Pick<Sessions, 'nodeLost' | 'goAway' | 'metered'>
  metrics: Pick<Metrics, 'count' | 'observe'>
  /** There is somebody now who could do what waits for a node. */
  nodeJoined(): void
  setAlarm(at: number | undefined): void
  /** Keeps the state for a later room, where the host's memory may vanish; called when it has changed. */
  remember?(state: FleetState): void
}
