// What machine this is, for the edge's operator. Asked now and then; never blocking.
import { statfs } from 'node:fs/promises'
import { freemem, totalmem, uptime } from 'node:os'
import type { Machine } from '#shared/model/node.ts'
import type { Clock } from '#shared/clock.ts'

/** Bound of the wire. */
const MAX_WORDS_CHARS = 128

/** What is told about a card. */
export interface Card {
  name: string
  driver: string | null
}

/** `folder` is the node's data folder. */
export async function readMachine(gpu: { latest(): Card | undefined }, folder: string): Promise<Machine> {
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

/** Disks fill slowly, and an operator looks now and then. */
const LOOK_EVERY_MS = 30_000

/** The newest answer, without waiting; undefined before the first. */
export function watchMachine({
  gpu,
  clock,
  folder,
}: {
  gpu: { latest(): Card | undefined }
  clock: Clock
  folder: string
}): { latest: () => Machine | undefined; stop: () => void } {
  let known: Machine | undefined
  const look = (): void => {
    // It never rejects. While a file system does not answer, the last answer stays.
    readMachine(gpu, folder).then(
      (machine) => {
        known = machine
      },
      () => {},
    )
  }
  look()
  return { latest: () => known, stop: clock.every(LOOK_EVERY_MS, look) }
}
