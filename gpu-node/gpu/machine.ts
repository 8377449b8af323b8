// What machine this is, for the edge's operator. Asked now and then; never blocking.
import { statfs } from 'node:fs/promises'
import { freemem, totalmem, uptime } from 'node:os'
import type { Machine } from '#shared/model/node.ts'
import type { GpuReader } from './gpu-reading.ts'

/** Bound of the wire. */
const MAX_WORDS_CHARS = 128

/** `folder` is the node's data folder. */
export async function readMachine(gpu: Pick<GpuReader, 'latest'>, folder: string): Promise<Machine> {
  const card = gpu.latest()
  // Null where the folder's file system does not tell.
  const disk = await statfs(folder).then(
    ({ bsize, bavail, blocks }) => ({ freeBytes: bavail * bsize, totalBytes: blocks * bsize }),
    () => null,
  )
  return {
    card: card?.name.slice(0, MAX_WORDS_CHARS) ?? null,
    driver: card?.driver?.slice(0, MAX_WORDS_CHARS) ?? null,
    memory: { usedBytes: totalmem() - freemem(), totalBytes: totalmem() },
    disk,
    uptimeMs: Math.round(uptime() * 1000),
  }
}
