// Why the engines of a session that ends are stopped. Pure; used by the runner.
import { unreachable } from '#shared/invariant.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import type { StopReason } from '#gpu-node/turn/machine/turn-state.ts'

export function stopReasonOf(reason: EndReason): StopReason {
  switch (reason) {
    case 'shutdown':
      return 'shutdown'
    case 'replaced':
    case 'nodeLost':
      return 'replaced'
    case 'caller':
    case 'callerGone':
    case 'idle':
    case 'maxDuration':
    case 'fault':
      return 'hangUp'
    default:
      return unreachable(reason)
  }
}
