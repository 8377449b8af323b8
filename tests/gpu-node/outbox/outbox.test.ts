// The way of finished turns to the edge, over a real libSQL file.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import type { Log, LogFacts } from '#shared/log.ts'
import { silentLog } from '#shared/log.ts'
import { openSqlWorker } from '#shared/on-node/sql-worker.ts'
import { WINDOW } from '#gpu-node/outbox/delivery.ts'
import type { FinishedTurn } from '#gpu-node/outbox/finished-turn.ts'
import { openOutboxRows } from '#gpu-node/outbox/outbox-rows.ts'
import { Outbox } from '#gpu-node/outbox/outbox.ts'
import type { VirtualClock } from '#tests/fakes/virtual-clock.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'
import { finishedTurn } from './finished-turn.ts'

const closing: Array<() => Promise<void> | void> = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'parley-outbox-'))
  closing.push(() => rmSync(path, { recursive: true }))
  return path
}

/** What went over the wire, and a promise for the nth of it. */
function wire() {
  const sent: FinishedTurn[] = []
  const waiting = new Set<() => void>()
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (sent.length < count) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  const send = (finished: FinishedTurn): void => {
    sent.push(finished)
    for (const look of waiting) look()
  }
  return { sent, send, until, ids: () => sent.map(({ turn }) => turn.id) }
}

function recordingLog() {
  const errors: Array<{ facts: LogFacts; message: string }> = []
  const log: Log = { ...silentLog, error: (facts, message) => void errors.push({ facts, message }) }
  return { errors, log }
}

interface World {
  outbox: Outbox
  clock: VirtualClock
  close(): Promise<void>
}

async function open(
  path: string,
  send: (finished: FinishedTurn) => void,
  facts: { log?: Log; maxRows?: number } = {},
): Promise<World> {
  const database = await openSqlWorker(pathToFileURL(join(path, 'node.db')).href)
  const clock = createVirtualClock()
  const rows = await openOutboxRows(database, facts.maxRows)
  const outbox = new Outbox({ rows, clock, log: facts.log ?? silentLog, send })
  const close = async (): Promise<void> => {
    outbox.close()
    await database.end()
  }
  closing.push(close)
  return { outbox, clock, close }
}

describe('outbox', () => {
  it('[OUT1] a turn that ends while the edge is away is sent when it is back, and kept until the edge has stored it', async () => {
    const { sent, send, until } = wire()
    const { outbox } = await open(folder(), send)
    const turn = finishedTurn()
    await outbox.keep(turn)
    expect(sent).toEqual([])
    outbox.connected()
    await until(1)
    expect(sent).toEqual([turn])
    expect(await outbox.count()).toBe(1)
    await outbox.stored(turn.turn.id)
    expect(await outbox.count()).toBe(0)
  })

  it('[OUT2] what is kept survives a restart of the node, in order', async () => {
    const path = folder()
    const before = await open(path, () => {})
    const turns = [finishedTurn(), finishedTurn(), finishedTurn()]
    for (const turn of turns) await before.outbox.keep(turn)
    await before.close()
    const { sent, send, until } = wire()
    const after = await open(path, send)
    after.outbox.connected()
    await until(3)
    expect(sent).toEqual(turns)
  })

  it('[OUT3] turns go oldest first, a bounded number at a time, each once while the connection lasts', async () => {
    const { send, until, ids } = wire()
    const { outbox } = await open(folder(), send)
    const turns = Array.from({ length: WINDOW + 5 }, () => finishedTurn())
    for (const turn of turns) await outbox.keep(turn)
    const wanted = turns.map(({ turn }) => turn.id)
    outbox.connected()
    await until(WINDOW)
    await outbox.count()
    expect(ids()).toEqual(wanted.slice(0, WINDOW))
    for (const id of wanted) {
      await until(wanted.indexOf(id) + 1)
      await outbox.stored(id)
    }
    await outbox.emptied(1_000)
    expect(ids()).toEqual(wanted)
    expect(await outbox.count()).toBe(0)
  })

  it('[OUT4] after a reconnect everything that was not stored is sent again', async () => {
    const { send, until, ids } = wire()
    const { outbox } = await open(folder(), send)
    const [first, second] = [finishedTurn(), finishedTurn()]
    await outbox.keep(first)
    await outbox.keep(second)
    outbox.connected()
    await until(2)
    await outbox.stored(first.turn.id)
    outbox.disconnected()
    outbox.connected()
    await until(3)
    expect(ids()).toEqual([first.turn.id, second.turn.id, second.turn.id])
  })

  it('[OUT5] a turn that the edge does not answer for is sent again, ever more slowly', async () => {
    const { sent, send, until } = wire()
    const { outbox, clock } = await open(folder(), send)
    await outbox.keep(finishedTurn())
    outbox.connected()
    await until(1)
    await outbox.count()
    await clock.advance(9_999)
    await outbox.count()
    expect(sent).toHaveLength(1)
    await clock.advance(1)
    await until(2)
    await outbox.count()
    await clock.advance(19_999)
    await outbox.count()
    expect(sent).toHaveLength(2)
    await clock.advance(1)
    await until(3)
  })

  it('[OUT6] a turn that the edge can never store is dropped, and that is an error of the log', async () => {
    const { send, until } = wire()
    const { errors, log } = recordingLog()
    const { outbox } = await open(folder(), send, { log })
    const turn = finishedTurn()
    await outbox.keep(turn)
    outbox.connected()
    await until(1)
    await outbox.rejected(turn.turn.id, 'not_found')
    expect(await outbox.count()).toBe(0)
    expect(errors.map(({ facts }) => facts)).toEqual([{ turnId: turn.turn.id, code: 'not_found' }])
  })

  it('[OUT7] a correction replaces what is kept and is sent, also when the answer to the older text comes after it', async () => {
    const { sent, send, until } = wire()
    const { outbox } = await open(folder(), send)
    const turn = finishedTurn()
    const corrected = { ...turn, turn: { ...turn.turn, correctedText: 'yellow' } }
    await outbox.keep(turn)
    outbox.connected()
    await until(1)
    await outbox.keep(corrected)
    await outbox.stored(turn.turn.id)
    await until(2)
    expect(sent[1]).toEqual(corrected)
    expect(await outbox.count()).toBe(1)
    await outbox.stored(turn.turn.id)
    expect(await outbox.count()).toBe(0)
  })

  it('[OUT8] over its bound the oldest turn is cut, and that is an error of the log that names it', async () => {
    const { send, until, ids } = wire()
    const { errors, log } = recordingLog()
    const { outbox } = await open(folder(), send, { log, maxRows: 2 })
    const turns = [finishedTurn(), finishedTurn(), finishedTurn()]
    for (const turn of turns) await outbox.keep(turn)
    outbox.connected()
    await until(2)
    expect(ids()).toEqual(turns.slice(1).map(({ turn }) => turn.id))
    expect(errors.map(({ facts }) => facts)).toEqual([{ turnIds: [turns[0]?.turn.id] }])
  })

  it('[OUT9] a row that an older version wrote and nobody can read any more is dropped, and the others go', async () => {
    const path = folder()
    const database = await openSqlWorker(pathToFileURL(join(path, 'node.db')).href)
    const rows = await openOutboxRows(database)
    await rows.keep({ turnId: 'trn_old', body: '{"turn":{}}', now: 1 })
    await database.end()
    const { sent, send, until } = wire()
    const { errors, log } = recordingLog()
    const { outbox } = await open(path, send, { log })
    const turn = finishedTurn()
    await outbox.keep(turn)
    outbox.connected()
    await until(1)
    expect(sent).toEqual([turn])
    expect(await outbox.count()).toBe(1)
    expect(errors).toHaveLength(1)
  })

  it('[OUT10] an answer to nothing that was sent on this connection deletes nothing', async () => {
    const { outbox } = await open(folder(), () => {})
    const turn = finishedTurn()
    await outbox.keep(turn)
    await outbox.stored(turn.turn.id)
    expect(await outbox.count()).toBe(1)
  })
})
