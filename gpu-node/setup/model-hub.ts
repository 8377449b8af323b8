// Files of a model hub over its HTTP API (huggingface.co/docs/hub/api): what a repository holds, and one file of it, resumed where
// it broke off and believed only by its hash. Knows no engine.
import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as v from 'valibot'

/** A hub that does not answer, or stops in the middle of a file. */
const ANSWER_WITHIN_MS = 30_000
/** The first try, and two that go on where the one before broke off. */
const TRIES = 3

const COMMIT = /^[0-9a-f]{40}$/
const Revision = v.looseObject({ sha: v.pipe(v.string(), v.regex(COMMIT)) })
const Tree = v.array(
  v.looseObject({
    type: v.string(),
    path: v.string(),
    size: v.optional(v.number(), 0),
    oid: v.string(),
    lfs: v.optional(v.looseObject({ oid: v.string(), size: v.number() })),
  }),
)

export interface HubFile {
  /** In the repository. */
  path: string
  bytes: number
  /** Large files by SHA-256, others by git's SHA-1 of the blob. */
  hash: { kind: 'sha256' | 'git'; hex: string }
  /** What it must have, whatever the hub says; undefined where nobody knows. */
  sha256?: string | undefined
  url: string
}

/** A branch or tag as the commit that it is now. Throws where the hub cannot be asked. */
export async function resolveCommit(
  hub: string,
  { repo, revision }: { repo: string; revision: string },
): Promise<string> {
  if (COMMIT.test(revision)) return revision
  const answer = await ask(`${hub}/api/models/${repo}/revision/${encodeURIComponent(revision)}`)
  return v.parse(Revision, answer).sha
}

/** Throws where the hub cannot be asked or has no such repository. */
export async function listFiles(
  hub: string,
  { repo, revision }: { repo: string; revision: string },
): Promise<HubFile[]> {
  const url = `${hub}/api/models/${repo}/tree/${encodeURIComponent(revision)}?recursive=true`
  return v.parse(Tree, await ask(url)).flatMap(({ type, path, size, oid, lfs }) => {
    if (type !== 'file') return []
    const hash = lfs ? ({ kind: 'sha256', hex: lfs.oid } as const) : ({ kind: 'git', hex: oid } as const)
    const file = path.split('/').map(encodeURIComponent).join('/')
    return [
      { path, bytes: lfs?.size ?? size, hash, url: `${hub}/${repo}/resolve/${encodeURIComponent(revision)}/${file}` },
    ]
  })
}

async function ask(url: string): Promise<unknown> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
  return answer.json()
}

/** Whether the file is there, whole and the right one. Reads it. */
export async function isThere(file: HubFile, target: string): Promise<boolean> {
  const found = await stat(target).catch(() => undefined)
  if (found?.size !== file.bytes) return false
  const isRight = file.hash.kind === 'git' ? (await hashOf(target, gitHash(file))) === file.hash.hex : true
  const sha256 = file.sha256 ?? (file.hash.kind === 'sha256' ? file.hash.hex : undefined)
  return isRight && (sha256 === undefined || (await sha256Of(target)) === sha256)
}

export const sha256Of = (path: string): Promise<string> => hashOf(path, createHash('sha256'))

async function hashOf(path: string, hash: Hash): Promise<string> {
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Puts the file in its place; `onProgress` hears how much of it is there. Throws where it cannot be had whole. */
export async function download(file: HubFile, target: string, onProgress: (bytes: number) => void): Promise<void> {
  const part = `${target}.part`
  await mkdir(dirname(target), { recursive: true })
  for (let attempt = 1; ; attempt += 1) {
    try {
      await fetchRest(file, part, onProgress)
      if (await isThere(file, part)) return await rename(part, target)
      // Nothing of it can be trusted.
      await rm(part, { force: true })
      throw new Error(
        `${file.url} came, but not as ${file.sha256 === undefined ? 'the hub describes it' : 'it was pinned'}`,
      )
    } catch (error) {
      if (attempt === TRIES) throw error
    }
  }
}

/** Adds to the part what it lacks. */
async function fetchRest(file: HubFile, part: string, onProgress: (bytes: number) => void): Promise<void> {
  const have = (await stat(part).catch(() => undefined))?.size ?? 0
  if (file.bytes === 0) return writeFile(part, '')
  if (have === file.bytes) return
  // More than there is: another file's.
  if (have > file.bytes) await rm(part)
  const from = have < file.bytes ? have : 0
  const stall = new AbortController()
  const watch = (): NodeJS.Timeout =>
    setTimeout(() => stall.abort(new Error(`${file.url} fell silent`)), ANSWER_WITHIN_MS)
  let timer = watch()
  try {
    const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {}
    const answer = await fetch(file.url, { headers, signal: stall.signal })
    if (!answer.ok || !answer.body) throw new Error(`${file.url} answered ${answer.status}`)
    // A server that knows no ranges sends the whole: then it begins anew.
    let at = answer.status === 206 ? from : 0
    const out = createWriteStream(part, { flags: at > 0 ? 'a' : 'w' })
    const counted = Readable.fromWeb(answer.body as never).map((bytes: Uint8Array) => {
      clearTimeout(timer)
      timer = watch()
      at += bytes.byteLength
      if (at > file.bytes) throw new Error(`${file.url} sends more than the hub describes`)
      onProgress(at)
      return bytes
    })
    await pipeline(counted, out)
  } finally {
    clearTimeout(timer)
  }
}

/** git hashes a blob behind a head with its size (git-scm.com/book, Git Internals). */
const gitHash = ({ bytes }: HubFile): Hash => createHash('sha1').update(`blob ${bytes}\0`)
