// `parley keys create|list|revoke`: callers' API keys. A key is shown once, when it is made.
import { defineCommand } from 'citty'
import { SCOPES, type Scope } from '#edge/ports.ts'
import { FaultError, notFound } from '#shared/fault.ts'
import { isId, type UserId } from '#shared/ids.ts'
import { dataOption, withStore } from './open-store.ts'
import { table, when } from './table.ts'

const MAX_NAME_CHARS = 64

const create = defineCommand({
  meta: { name: 'create', description: 'Make a key and show it, once' },
  args: {
    name: { type: 'string', description: 'What the key is for', required: true },
    scopes: { type: 'string', description: `Any of ${SCOPES.join(', ')}`, default: 'talk,history:read' },
    user: { type: 'string', description: 'Id of the user; default: a new one' },
    data: dataOption,
  },
  async run({ args }) {
    const key = {
      name: readName(args.name),
      scopes: readScopes(args.scopes),
      userId: readUser(args.user),
      now: Date.now(),
    }
    const made = await withStore(args, (store) => store.keys.createKey(key))
    console.log(made.key)
    console.error(`${made.keyId}: keep the key, it is not shown again`)
  },
})

const list = defineCommand({
  meta: { name: 'list', description: 'Show all keys, without the keys themselves' },
  args: { data: dataOption },
  async run({ args }) {
    const keys = await withStore(args, (store) => store.keys.listKeys())
    const rows = keys.map(({ keyId, userId, name, scopes, createdAt, lastUsedAt, revokedAt }) => [
      keyId,
      name,
      userId,
      scopes.join(','),
      when(createdAt),
      when(lastUsedAt),
      revokedAt === null ? 'valid' : 'revoked',
    ])
    console.log(table(['key', 'name', 'user', 'scopes', 'created', 'last used', 'state'], rows))
  },
})

const revoke = defineCommand({
  meta: { name: 'revoke', description: 'End a key, its cookies, tickets and sign-in codes' },
  args: { id: { type: 'positional', description: 'Id of the key (key_…)', required: true }, data: dataOption },
  async run({ args }) {
    const { id } = args
    const isRevoked = await withStore(args, async (store) => isId('apiKey', id) && store.keys.revokeKey(id, Date.now()))
    if (!isRevoked) throw notFound('valid key', id)
    console.log(`${id} is revoked`)
  },
})

export const keys = defineCommand({
  meta: { name: 'keys', description: 'API keys of callers' },
  subCommands: { create, list, revoke },
})

/** A name is for people; of keys and of nodes alike. */
export function readName(name: string): string {
  if (name.length > 0 && name.length <= MAX_NAME_CHARS) return name
  throw invalid(`--name: must have 1 to ${MAX_NAME_CHARS} characters`)
}

function readScopes(text: string): Scope[] {
  const names = text.split(',').map((name) => name.trim())
  const scopes = SCOPES.filter((scope) => names.includes(scope))
  if (scopes.length === names.length) return scopes
  throw invalid(`--scopes: must be some of ${SCOPES.join(', ')}, with commas between`)
}

function readUser(id: string | undefined): UserId | undefined {
  if (id === undefined || isId('user', id)) return id
  throw invalid('--user: must be the id of a user (usr_…)')
}

const invalid = (issue: string): FaultError => new FaultError({ code: 'invalid_message', issues: [issue] })
