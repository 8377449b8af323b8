// The second place of backups: a folder, an S3-compatible store, or another machine by rsync. Each carries files of given names; that they
// are encrypted is second-copy.ts's work. A file there is whole or not there.
import { spawn } from 'node:child_process'
import { createWriteStream, existsSync, openAsBlob, readdirSync, rmSync, statSync } from 'node:fs'
import { copyFile, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { AwsClient } from 'aws4fetch'
import { BackupError } from '#edge/backup/backup-error.ts'
import type { PlaceAddress } from '#edge/backup/place-address.ts'
import { makeFolder, partOf } from './folders.ts'
import { sha256Of } from './stored-file.ts'

export interface Place {
  /** The names of all files there. */
  list(): Promise<Set<string>>
  /** There once flush() has resolved. The file is not needed any more then. */
  put(name: string, file: string): Promise<void>
  flush(): Promise<void>
  get(name: string, to: string): Promise<void>
  /** Undefined where the place thins itself out. */
  remove?: (name: string) => Promise<void>
}

export interface PlaceSecrets {
  accessKeyId?: string | undefined
  secretAccessKey?: string | undefined
}

/** `scratch` is a folder for what is on its way. */
export function openPlace(address: PlaceAddress, scratch: string, secrets: PlaceSecrets): Place {
  if (address.kind === 'folder') return folderPlace(address.path)
  if (address.kind === 'rsync') return rsyncPlace(address.target, join(scratch, 'outgoing'))
  const { accessKeyId, secretAccessKey } = secrets
  if (!accessKeyId || !secretAccessKey)
    throw new BackupError('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are needed for s3')
  return s3Place(address, { accessKeyId, secretAccessKey })
}

function filesBelow(folder: string): Set<string> {
  if (!existsSync(folder)) return new Set()
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Set(files.map((file) => file.slice(folder.length + 1)))
}

function folderPlace(folder: string): Place {
  return {
    list: async () => filesBelow(folder),
    async put(name, file) {
      const to = join(folder, name)
      makeFolder(dirname(to))
      try {
        await copyFile(file, partOf(to))
        await rename(partOf(to), to)
      } catch (error) {
        await rm(partOf(to), { force: true })
        throw error
      }
    },
    flush: () => Promise.resolve(),
    get: (name, to) => copyFile(join(folder, name), to),
    remove: (name) => rm(join(folder, name), { force: true }),
  }
}

/** Many files in one run of rsync. */
function rsyncPlace(target: string, outgoing: string): Place {
  return {
    async list() {
      const lines = (await rsync(['--recursive', '--list-only', `${target}/`])).split('\n')
      return new Set(lines.filter((line) => line.startsWith('-')).map((line) => line.split(/\s+/).slice(4).join(' ')))
    },
    async put(name, file) {
      makeFolder(dirname(join(outgoing, name)))
      await rename(file, join(outgoing, name))
    },
    async flush() {
      if (!existsSync(outgoing)) return
      // rsync itself writes beside the name and renames.
      await rsync(['--archive', `${outgoing}/`, `${target}/`])
      rmSync(outgoing, { recursive: true })
    },
    get: async (name, to) => void (await rsync([`${target}/${name}`, to])),
  }
}

async function rsync(args: string[]): Promise<string> {
  const child = spawn('rsync', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [said, complained] = ['', '']
  child.stdout.on('data', (piece: Buffer) => (said += piece.toString()))
  child.stderr.on('data', (piece: Buffer) => (complained += piece.toString()))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => reject(new BackupError('rsync is not installed', { cause }))).once('close', resolve)
  })
  // The list of a folder that is not there yet.
  if (code === 23 && args.includes('--list-only')) return ''
  if (code !== 0) throw new BackupError(`rsync ended with ${code}: ${complained.trim()}`)
  return said
}

/** The most that one request may carry; more needs many parts. */
const MAX_PUT_BYTES = 5 * 1024 ** 3

function s3Place(
  { endpoint, region, bucket, prefix }: Extract<PlaceAddress, { kind: 's3' }>,
  keys: { accessKeyId: string; secretAccessKey: string },
): Place {
  const client = new AwsClient({ ...keys, region, service: 's3', retries: 4 })
  const base = prefix === '' ? '' : `${prefix}/`
  const urlOf = (name: string): string => `${endpoint}/${bucket}/${base}${name}`
  const ask = async (url: string, init: RequestInit): Promise<Response> => {
    const answer = await client.fetch(url, init).catch((cause: unknown) => {
      throw new BackupError(`${endpoint} is not reachable`, { cause })
    })
    if (!answer.ok)
      throw new BackupError(`${endpoint} answered ${answer.status} to ${init.method ?? 'GET'} ${new URL(url).pathname}`)
    return answer
  }
  return {
    async list() {
      const names = new Set<string>()
      for (let token: string | undefined = ''; token !== undefined;) {
        const more: string = token === '' ? '' : `&continuation-token=${encodeURIComponent(token)}`
        const text: string = await (
          await ask(`${endpoint}/${bucket}?list-type=2&prefix=${encodeURIComponent(base)}${more}`, {})
        ).text()
        for (const [, key = ''] of text.matchAll(/<Key>([^<]*)<\/Key>/g)) names.add(key.slice(base.length))
        token = /<NextContinuationToken>([^<]*)</.exec(text)?.[1]
      }
      return names
    },
    async put(name, file) {
      if (statSync(file).size > MAX_PUT_BYTES)
        throw new BackupError(`${name} is larger than S3 takes in one request (5 GB)`)
      const headers = { 'x-amz-content-sha256': sha256Of(await readFile(file)) }
      await ask(urlOf(name), { method: 'PUT', body: await openAsBlob(file), headers })
    },
    flush: () => Promise.resolve(),
    async get(name, to) {
      const { body } = await ask(urlOf(name), {})
      if (!body) throw new BackupError(`${name} came empty`)
      await pipeline(Readable.fromWeb(body as ReadableStream), createWriteStream(to, { mode: 0o600 }))
    },
    remove: async (name) => void (await ask(urlOf(name), { method: 'DELETE' })),
  }
}
