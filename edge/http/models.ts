// /api/models: the engines of every node, asked at this moment, and loading and unloading those that a node starts on demand.
// Whoever has a key may look; an operator loads.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import type { NodeView } from '#edge/rooms-ports.ts'
import { publicFault, type PublicFault } from '#shared/fault-table.ts'
import { FaultError, faultOf, notFound } from '#shared/fault.ts'
import { EngineReport } from '#shared/model/engine.ts'
import { EngineName } from '#shared/model/engine.ts'
import { mayDo } from '#edge/http/access/auth.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'
import { NodeIdSchema } from '#shared/model/ids.ts'

/** A node answers from memory and asks its card once: 5 s are ample. */
const LIST_WITHIN_MS = 5_000
/** An HQ voice is loaded in less than 10 s (the aim); a large model takes longer. */
const LOAD_WITHIN_MS = 120_000

type ModelPorts = OperationPorts & Pick<EdgePorts, 'fleet' | 'log'>

const Problem = v.object({ code: v.string(), message: v.string() })
const At = { nodeId: NodeIdSchema, name: v.string() }
const Models = named(
  'Models',
  v.object({
    nodes: v.array(v.object({ ...At, models: v.nullable(v.array(EngineReport)), fault: v.optional(Problem) })),
  }),
)
const OneNode = v.object({
  node: v.optional(v.pipe(NodeIdSchema, v.description('This node only; else each that has it'))),
})
const Outcomes = named(
  'ModelOutcomes',
  v.object({ nodes: v.array(v.object({ ...At, done: v.boolean(), fault: v.optional(Problem) })) }),
)

export function modelRoutes(ports: ModelPorts) {
  const { fleet, log } = ports
  const { list, preload, unload } = operationsOf(ports)

  async function onEach(
    id: string,
    method: string,
    nodeId: string | undefined,
  ): Promise<v.InferOutput<typeof Outcomes>> {
    if (!v.is(EngineName, id)) throw notFound('engine', id)
    const nodes = (await fleet.nodes()).filter((node) => nodeId === undefined || node.nodeId === nodeId)
    if (nodeId !== undefined && nodes.length === 0) throw notFound('node', nodeId)
    const having = nodes.filter(({ engines }) => engines.some((engine) => engine.id === id))
    if (having.length === 0) throw notFound('engine', id)
    const done = async (node: NodeView) => {
      await fleet.request({ nodeId: node.nodeId, method, params: { id }, deadlineMs: LOAD_WITHIN_MS })
      log.info({ nodeId: node.nodeId, engine: id, method }, 'an operator asked a node')
      return { done: true }
    }
    const outcomes = await Promise.all(having.map((node) => answered(node, done, { done: false })))
    // Where every node refused, the first refusal is the answer.
    const [first] = outcomes
    if (first?.error && outcomes.every(({ error }) => error)) throw first.error
    return { nodes: outcomes.map(shown) }
  }

  return new Hono<OperationEnv>()
    .get('/models', list, async (c) => {
      const ask = async ({ nodeId }: NodeView) => {
        const answer = await fleet.request({ nodeId, method: 'models.list', deadlineMs: LIST_WITHIN_MS })
        const read = v.safeParse(v.array(EngineReport), answer)
        if (!read.success) throw new FaultError({ code: 'unavailable', what: 'node', retryAfterMs: LIST_WITHIN_MS })
        // A reason may name folders of the node's machine: only an operator reads it.
        const isOperator = mayDo(c.get('caller'), 'admin')
        return { models: isOperator ? read.output : read.output.map((model) => ({ ...model, reason: null })) }
      }
      const nodes = await Promise.all((await fleet.nodes()).map((node) => answered(node, ask, { models: null })))
      return c.json({ nodes: nodes.map(shown) })
    })
    .post('/models/:id/preload', preload, async (c) =>
      c.json(await onEach(c.req.param('id'), 'models.preload', c.req.valid('query').node)),
    )
    .post('/models/:id/unload', unload, async (c) =>
      c.json(await onEach(c.req.param('id'), 'models.unload', c.req.valid('query').node)),
    )
}

/** Leaves out the error, which is for us only. */
function shown<T extends { error?: FaultError }>({ error: _error, ...rest }: T): Omit<T, 'error'> {
  return rest
}

/** One node's part of the answer. A fault of one node must not take away the parts of the others. */
async function answered<T extends object, F extends object>(
  node: NodeView,
  ask: (node: NodeView) => Promise<T>,
  failed: F,
): Promise<Pick<NodeView, 'nodeId' | 'name'> & (T | F) & { fault?: PublicFault; error?: FaultError }> {
  const at = { nodeId: node.nodeId, name: node.name }
  try {
    return { ...at, ...(await ask(node)) }
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    return { ...at, ...failed, fault: { ...publicFault(faultOf(error)) }, error }
  }
}

function operationsOf(ports: ModelPorts) {
  const tag = 'models'
  const list = operation(ports, {
    summary: 'The engines of every node, as they are now',
    tag,
    needs: 'key',
    rate: 'read',
    answers: { 200: Models },
  })
  const change = { tag, needs: 'admin', rate: 'account', query: OneNode, answers: { 200: Outcomes } } as const
  const refuses = ['not_found', 'node_lost', 'deadline_exceeded'] as const
  const preload = operation(ports, { ...change, refuses: [...refuses], summary: 'Load an engine before it is needed' })
  const unload = operation(ports, { ...change, refuses: [...refuses], summary: 'Unload an engine and free its memory' })
  return { list, preload, unload }
}
