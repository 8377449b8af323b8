// Checks text that comes by HTTP before it is stored: it must not run where it is shown, and must not be an injection where it comes into
// prompts. Used by the routes that take text. The node checks what comes by the wire.
import type { EdgePorts } from '#edge/ports.ts'
import { FaultError } from '#shared/fault.ts'
import type { SafetyDecision } from '#shared/safety/decision.ts'
import { findInjection } from '#shared/safety/input-filter.ts'
import { findMarkup } from '#shared/safety/markup-filter.ts'

export interface SafeTextPorts {
  metrics: Pick<EdgePorts['metrics'], 'count'>
}

/** For text that is shown: throws FaultError blocked where it has markup that runs or loads something. */
export function refuseMarkup({ metrics }: SafeTextPorts, text: string | null | undefined): void {
  const family = text ? findMarkup(text) : undefined
  if (family) refuse(metrics, { layer: 'markup', family, action: 'block' })
}

/** For text that also comes into prompts. */
export function refuseUnsafe(ports: SafeTextPorts, text: string | null | undefined): void {
  refuseMarkup(ports, text)
  const family = text ? findInjection(text) : undefined
  if (family) refuse(ports.metrics, { layer: 'input', family, action: 'block' })
}

function refuse(metrics: SafeTextPorts['metrics'], decision: SafetyDecision): never {
  metrics.count('safety_decisions', { ...decision })
  throw new FaultError({ code: 'blocked', policy: `${decision.layer} ${decision.family}` })
}
