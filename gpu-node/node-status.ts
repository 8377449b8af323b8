// What a node says of itself to the edge and to its own status page. Pure; called by start-node.ts.
import type { Machine } from '#shared/model/node.ts'
import type { NodeStatus } from '#shared/protocol/node-messages.ts'
import type { Admission } from '#gpu-node/admission/admission.ts'
import { isUp } from '#gpu-node/engines/chain/roster.ts'
import type { ChosenEngines } from '#gpu-node/engines/choose-engines.ts'
import type { EngineReadiness } from '#gpu-node/engines/warm-up.ts'
import type { NodeSessions } from '#gpu-node/session/node-sessions.ts'

interface StatusParts {
  chosen: ChosenEngines
  readiness: EngineReadiness
  sessions: NodeSessions
  admission: Admission
  machine: Machine | undefined
}

export function statusOf({ chosen, readiness, sessions, admission, machine }: StatusParts): NodeStatus {
  const refusing = readiness.areAllReady ? admission.refusal() : 'engines'
  return {
    slots: chosen.slots,
    freeSlots: refusing ? 0 : sessions.freeSlots,
    sessions: sessions.ids,
    engines: enginesOf(chosen, readiness),
    vram: admission.vram(),
    refusing,
    ...(machine && { machine }),
  }
}

function enginesOf({ infos, members }: ChosenEngines, readiness: EngineReadiness): NodeStatus['engines'] {
  if (!members) return infos.map((info) => ({ ...info, ready: readiness.isReady(info.role) }))
  return members.map(({ info, id, state }) => {
    const now = state()
    return { ...info, id, state: now, ready: readiness.isReady(info.role) && isUp(now) }
  })
}
