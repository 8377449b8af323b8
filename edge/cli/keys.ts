// `parley keys create|list|rotate|revoke`: callers' API keys. A key is shown once, when it is made.
import { defineCommand } from 'citty'
import { DAY_MS } from '#shared/day.ts'
import { SCOPES, type KeyLimits, type Scope } from '#shared/model/caller.ts'
import type { KeyView } from '#edge/store/key-store.ts'
import { notFound, invalid } from '#shared/fault.ts'
import { isId, type UserId } from '#shared/ids.ts'
import { dataOption, withStore } from './open-store.ts'
import { jsonOption, print } from './print.ts'
import { table, when } from './table.ts'

const MAX_NAME_CHARS = 64
const MAX_DAYS = 3_650
const MINUTE_MS = 60_000
/** The bounds of POST /api/keys. */
const MAX_SESSIONS = 1_000
const MAX_TOKENS = 1_000_000_000
const MAX_MINUTES = 16_666

const create = defineCommand({
  meta: { name: 'create', description: 'Make a key and show it, once' },
  args: {
    name: { type: 'string', description: 'What the key is for', required: true },
    scopes: { type: 'string', description: `Any of ${SCOPES.join(', ')}`, default: 'talk,history:read' },
    user: { type: 'string', description: 'Id of the user; default: a new one' },
    origins: { type: 'string', description: 'Web origins whose pages may use it, with commas between; default: any' },
    days: { type: 'string', description: 'Days until it expires; default: never' },
    sessions: { type: 'string', description: 'Sessions at once; default: as for everybody' },
    'tokens-per-day': {
      type: 'string',
      description: 'Tokens of the language model per day (UTC); default: as for everybody',
    },
    'audio-minutes-per-day': {
      type: 'string',
      description: 'Minutes of audio, in and out, per day (UTC); default: as for everybody',
    },
    data: dataOption,
    json: jsonOption,
  },
  async run({ args }) {
    const key = {
      name: readName(args.name),
      scopes: readScopes(args.scopes),
      userId: readUser(args.user),
      origins: args.origins === undefined ? null : readOrigins(args.origins),
      expiresAt: args.days === undefined ? null : Date.now() + readDays(args.days) * DAY_MS,
      limits: readLimits(args),
      now: Date.now(),
    }
    const made = await withStore(args, (store) => store.keys.createKey(key))
    print(args.json, { keyId: made.keyId, key: made.key }, made.key)
    console.error(`${made.keyId}: keep the key, it is not shown again`)
  },
})

const list = defineCommand({
  meta: { name: 'list', description: 'Show all keys, without the keys themselves' },
  args: { data: dataOption, json: jsonOption },
  async run({ args }) {
    const keys = await withStore(args, (store) => store.keys.listKeys())
    const now = Date.now()
    const rows = keys.map(({ keyId, userId, name, scopes, createdAt, lastUsedAt, expiresAt, revokedAt }) => [
      keyId,
      name,
      userId,
      scopes.join(','),
      when(createdAt),
      when(lastUsedAt),
      stateOf({ expiresAt, revokedAt }, now),
    ])
    print(args.json, keys, table(['key', 'name', 'user', 'scopes', 'created', 'last used', 'state'], rows))
  },
})

const rotate = defineCommand({
  meta: {
    name: 'rotate',
    description: 'Make another key on the same terms, and show it, once; the old one is good for a while',
  },
  args: {
    id: { type: 'positional', description: 'Id of the key (key_…)', required: true },
    days: { type: 'string', description: 'Days for which the old one is good', default: '1' },
    data: dataOption,
    json: jsonOption,
  },
  async run({ args }) {
    const { id } = args
    const now = Date.now()
    const oldUntil = now + readDays(args.days) * DAY_MS
    const made = await withStore(args, async (store) =>
      isId('apiKey', id) ? store.keys.rotateKey(id, { oldUntil, now }) : undefined,
    )
    if (!made) throw notFound('valid key', id)
    print(args.json, { keyId: made.keyId, key: made.key, oldKeyId: id, oldUntil }, made.key)
    console.error(`${made.keyId}: keep the key, it is not shown again; ${id} is good until ${when(oldUntil)}`)
  },
})

const revoke = defineCommand({
  meta: { name: 'revoke', description: 'End a key, its sessions, cookies, tickets, sign-in codes and client secrets' },
  args: {
    id: { type: 'positional', description: 'Id of the key (key_…)', required: true },
    data: dataOption,
    json: jsonOption,
  },
  async run({ args }) {
    const { id } = args
    const isRevoked = await withStore(args, async (store) => isId('apiKey', id) && store.keys.revokeKey(id, Date.now()))
    if (!isRevoked) throw notFound('valid key', id)
    print(args.json, { keyId: id, isRevoked }, `${id} is revoked`)
  },
})

export const keys = defineCommand({
  meta: { name: 'keys', description: 'API keys of callers' },
  subCommands: { create, list, rotate, revoke },
})

/** The name of a key or of a node is for people. */
export function readName(name: string): string {
  if (name.length > 0 && name.length <= MAX_NAME_CHARS) return name
  throw invalid(`--name: must have 1 to ${MAX_NAME_CHARS} characters`)
}

function stateOf({ expiresAt, revokedAt }: Pick<KeyView, 'expiresAt' | 'revokedAt'>, now: number): string {
  if (revokedAt !== null) return 'revoked'
  if (expiresAt === null) return 'valid'
  return expiresAt <= now ? 'expired' : `valid until ${when(expiresAt)}`
}

interface LimitArgs {
  sessions?: string | undefined
  'tokens-per-day'?: string | undefined
  'audio-minutes-per-day'?: string | undefined
}

function readLimits(args: LimitArgs): KeyLimits {
  const [sessions, tokensPerDay, minutes] = [
    readAmount('sessions', args.sessions, MAX_SESSIONS),
    readAmount('tokens-per-day', args['tokens-per-day'], MAX_TOKENS),
    readAmount('audio-minutes-per-day', args['audio-minutes-per-day'], MAX_MINUTES),
  ]
  return {
    ...(sessions !== undefined && { sessions }),
    ...(tokensPerDay !== undefined && { tokensPerDay }),
    ...(minutes !== undefined && { audioMsPerDay: minutes * MINUTE_MS }),
  }
}

function readAmount(name: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,10}$/.test(text) && Number(text) <= max) return Number(text)
  throw invalid(`--${name}: must be a whole number from 0 to ${max}`)
}

function readDays(text: string): number {
  const days = Number(text)
  if (text.trim() !== '' && days >= 0 && days <= MAX_DAYS) return days
  throw invalid(`--days: must be a number from 0 to ${MAX_DAYS}`)
}

function readOrigins(text: string): string[] {
  const origins = text.split(',').map((origin) => origin.trim())
  if (origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin)) return origins
  throw invalid('--origins: must be origins like https://app.example.org, with commas between')
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
