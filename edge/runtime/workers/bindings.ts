// What wrangler.toml binds to the Worker and its objects: names here and there are the same.
import type { FleetObject } from './fleet-object.ts'
import type { LimitsNamespace } from './limits.ts'
import type { SessionObject } from './session-object.ts'
import type { TasksObject } from './tasks-object.ts'

export interface Bindings {
  SESSIONS: DurableObjectNamespace<SessionObject>
  FLEET: DurableObjectNamespace<FleetObject>
  LIMITS: LimitsNamespace
  TASKS: DurableObjectNamespace<TasksObject>
  BLOBS: R2Bucket
  /** The built page. */
  ASSETS: { fetch(request: Request): Promise<Response> }
  /** Variables and secrets; read by config.ts only. */
  [variable: string]: unknown
}
