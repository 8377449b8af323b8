// Questions that the edge puts to nodes over their control sockets, until they are answered, their time is over or their node is
// gone. Owned by fleet-room.ts. They live in memory only: where a host forgets the room, whoever asked hears `unavailable`.
import { FaultError, type Fault } from '#shared/fault.ts'
import { newId, type NodeId } from '#shared/ids.ts'
import type { EdgeControlMessage, NodeControlMessage } from '#shared/protocol/node-messages.ts'

/** The most questions at a time. An operator asks by hand, and tasks are few. */
const MAX_OPEN = 200
const RETRY_AFTER_MS = 1_000

export interface NodeRequest {
  nodeId: NodeId
  method: string
  params?: unknown
  deadlineMs: number
}

interface Open {
  nodeId: NodeId
  method: string
  limitMs: number
  until: number
  resolve(result: unknown): void
  reject(fault: FaultError): void
}

type Response = Extract<NodeControlMessage, { type: 'response' }>

export class NodeRequests {
  readonly #open = new Map<string, Open>()

  /** Resolves with what the node answers; rejects with its fault, deadline_exceeded, node_lost or unavailable. */
  ask(request: NodeRequest, now: number, send: (message: EdgeControlMessage) => void): Promise<unknown> {
    const { nodeId, method, params, deadlineMs } = request
    if (this.#open.size >= MAX_OPEN) return Promise.reject(unavailable())
    const id = newId('message', now)
    return new Promise((resolve, reject) => {
      this.#open.set(id, { nodeId, method, limitMs: deadlineMs, until: now + deadlineMs, resolve, reject })
      send({ type: 'request', id, method, deadlineMs, ...(params !== undefined && { params }) })
    })
  }

  /** Ignores an answer that nobody waits for any more. */
  answered(nodeId: NodeId, { id, result, fault }: Response): void {
    const open = this.#open.get(id)
    if (open?.nodeId !== nodeId) return
    this.#open.delete(id)
    if (fault) open.reject(new FaultError(faultFrom(fault.code, open)))
    else open.resolve(result)
  }

  lost(nodeId: NodeId): void {
    this.#end(
      (open) => open.nodeId === nodeId,
      () => ({ code: 'node_lost', nodeId }),
    )
  }

  expire(now: number): void {
    this.#end(
      ({ until }) => until <= now,
      ({ method: stage, limitMs }) => ({ code: 'deadline_exceeded', stage, limitMs }),
    )
  }

  get deadline(): number | undefined {
    const times = [...this.#open.values()].map(({ until }) => until)
    return times.length > 0 ? Math.min(...times) : undefined
  }

  #end(is: (open: Open) => boolean, faultOf: (open: Open) => Fault): void {
    for (const [id, open] of this.#open) {
      if (!is(open)) continue
      this.#open.delete(id)
      open.reject(new FaultError(faultOf(open)))
    }
  }
}

const unavailable = (): FaultError =>
  new FaultError({ code: 'unavailable', what: 'node', retryAfterMs: RETRY_AFTER_MS })

/** Takes the code of a node's fault, and not its facts: they are about the node itself. */
function faultFrom(code: string, { method }: Open): Fault {
  if (code === 'not_found') return { code, kind: 'engine', id: method }
  if (code === 'invalid_message') return { code, issues: ['params: the node cannot read them'] }
  if (code === 'deadline_exceeded') return { code, stage: method, limitMs: 0 }
  return { code: 'unavailable', what: 'node', retryAfterMs: RETRY_AFTER_MS }
}
