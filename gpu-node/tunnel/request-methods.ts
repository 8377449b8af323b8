// What the edge may ask a node over the control socket, by name. Reads the params; knows no socket.
import * as v from 'valibot'
import { notFound, invalid } from '#shared/fault.ts'
import type { EngineReport } from '#shared/model/engine.ts'
import { EngineName } from '#shared/model/engine.ts'
import type { NodeStatus } from '#shared/protocol/node-messages.ts'

const OneEngine = v.object({ id: EngineName })

export interface RequestMethodsOptions {
  status: () => NodeStatus
  reports: () => Promise<EngineReport[]>
  /** Of engines that the node runs; undefined where it runs none. */
  runner: { load(name: string): Promise<void>; unload(name: string): Promise<void> } | undefined
}

export function requestMethods({ status, reports, runner }: RequestMethodsOptions) {
  const onEngine = async (params: unknown, change: (name: string) => Promise<void> | undefined): Promise<unknown> => {
    const read = v.safeParse(OneEngine, params)
    if (!read.success) throw invalid('id: expected the name of an engine')
    const { id } = read.output
    const found = (await reports()).find((engine) => engine.id === id)
    if (!found) throw notFound('engine', id)
    // What runs elsewhere or is part of the node is always there.
    if (found.kind === 'managed') await change(id)
    return {}
  }
  return {
    status: async () => status(),
    'models.list': () => reports(),
    'models.preload': (params: unknown) => onEngine(params, (name) => runner?.load(name)),
    'models.unload': (params: unknown) => onEngine(params, (name) => runner?.unload(name)),
  }
}
