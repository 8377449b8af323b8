// `parley nodes add|list|revoke`: which GPU nodes may dial in. A node's token is shown once, when the node is added.
import { defineCommand } from 'citty'
import { notFound } from '#shared/fault.ts'
import { isId } from '#shared/ids.ts'
import { readName } from './keys.ts'
import { dataOption, withStore } from './open-store.ts'
import { jsonOption, print } from './print.ts'
import { table, when } from './table.ts'

const add = defineCommand({
  meta: { name: 'add', description: 'Make a token for one node and show it, once' },
  args: {
    name: { type: 'string', description: 'What the node is called', required: true },
    data: dataOption,
    json: jsonOption,
  },
  async run({ args }) {
    const node = { name: readName(args.name), now: Date.now() }
    const made = await withStore(args, (store) => store.nodes.addNode(node))
    print(args.json, { nodeId: made.nodeId, token: made.token }, made.token)
    console.error(`${made.nodeId}: set NODE_TOKEN to this on the node; it is not shown again`)
  },
})

const list = defineCommand({
  meta: { name: 'list', description: 'Show all nodes; which are connected is on /health' },
  args: { data: dataOption, json: jsonOption },
  async run({ args }) {
    const nodes = await withStore(args, (store) => store.nodes.listNodes())
    const rows = nodes.map(({ nodeId, name, createdAt, revokedAt }) => [
      nodeId,
      name,
      when(createdAt),
      revokedAt === null ? 'valid' : 'revoked',
    ])
    print(args.json, nodes, table(['node', 'name', 'added', 'state'], rows))
  },
})

const revoke = defineCommand({
  meta: { name: 'revoke', description: 'End a node’s token; it cannot dial in again' },
  args: {
    id: { type: 'positional', description: 'Id of the node (nod_…)', required: true },
    data: dataOption,
    json: jsonOption,
  },
  async run({ args }) {
    const { id } = args
    const isRevoked = await withStore(args, async (store) => isId('node', id) && store.nodes.revokeNode(id, Date.now()))
    if (!isRevoked) throw notFound('valid node', id)
    print(args.json, { nodeId: id, isRevoked }, `${id} is revoked`)
  },
})

export const nodes = defineCommand({
  meta: { name: 'nodes', description: 'GPU nodes and their tokens' },
  subCommands: { add, list, revoke },
})
