// What is handed on of a turn whose sound is kept, and when: its words at once, its sound as soon as it is on the disk.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openOutboxRows, type OutboxRows } from '#gpu-node/outbox/outbox-rows.ts'
import { ENCODE, ENCODE_QUEUE } from '#gpu-node/recording/encode-task.ts'
import { createRecording } from '#gpu-node/recording/recording.ts'
import { createNodeTasks, type NodeTasks } from '#gpu-node/tasks/node-tasks.ts'
import type { TurnSink } from '#gpu-node/turn/ports.ts'
import { MAX_HELD_EVENTS } from '#gpu-node/turn/hearing/speech-queue.ts'
import { systemClock } from '#shared/clock.ts'
import { newId } from '#shared/ids.ts'
import { openSqlWorker, type SqlWorker } from '#shared/on-node/sql-worker.ts'
import { silentLog } from '#shared/log.ts'
import type { TaskContext } from '#shared/tasks/task-kind.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'

const WITHIN_MS = 10_000

describe('a turn whose sound is kept', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-recording-'))
  let database: SqlWorker
  let rows: OutboxRows
  const started: NodeTasks[] = []
  beforeAll(async () => {
    database = await openSqlWorker(pathToFileURL(join(dataDir, 'node.db')).href)
    rows = await openOutboxRows(database)
  })
  afterEach(async () => {
    for (const tasks of started.splice(0)) await tasks.stop()
  })
  afterAll(async () => {
    await database.end()
    rmSync(dataDir, { recursive: true, force: true })
  })

  /** `isDead`: its runner never begins, as where the process ends before. */
  function world({ isDead = false } = {}) {
    const edge = { edgeUrl: 'ws://127.0.0.1:9', token: 'none', dataDir }
    const recording = createRecording(edge, {
      clock: systemClock,
      log: silentLog,
      addTask: (task) => tasks.add(task),
      keepAudio: async (turnId, audio) => void (audio && (await rows.addAudio(turnId, audio))),
    })
    const kinds = isDead ? [] : [recording.kind]
    const queues = isDead ? [] : [ENCODE_QUEUE]
    const tasks = createNodeTasks(database, { kinds, queues, clock: systemClock, log: silentLog })
    started.push(tasks)
    const handedOn: TurnRecord[] = []
    const sink: TurnSink = { send: () => {}, audio: () => {}, finished: (turn) => void handedOn.push(turn) }
    return { recording, tasks, handedOn, recorder: recording.record(sink, 24_000) }
  }
  const sound = Int16Array.from({ length: 24_000 * 5 }, (_, i) => 8_000 * Math.sin(i / 20))

  it('[SND8] is handed on without it at once, and with it when it is encoded', async () => {
    const { recording, handedOn, recorder } = world()
    const turn = turnRecord()
    recorder.heard?.(turn.id, sound)
    recorder.audio(turn.turn, sound)
    recorder.finished(turn)
    expect(handedOn).toEqual([turn])
    expect(recording.carrier.isAwaited(turn.id)).toBe(true)
    await recording.settled(WITHIN_MS)
    expect(handedOn).toHaveLength(2)
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/)
    expect(handedOn[1]).toEqual({ ...turn, audio: { utterance: hash, reply: hash } })
    expect(recording.carrier.isAwaited(turn.id)).toBe(false)
  })

  it('[SND8] a correction that overtakes its sound stays, and one that comes later finds it', async () => {
    const { recording, handedOn, recorder } = world()
    const turn = turnRecord()
    recorder.audio(turn.turn, sound)
    recorder.finished(turn)
    recorder.finished({ ...turn, correctedText: 'what he meant' })
    await recording.settled(WITHIN_MS)
    expect(handedOn.map(({ correctedText, audio }) => [correctedText, audio !== undefined])).toEqual([
      [null, false],
      ['what he meant', false],
      ['what he meant', true],
    ])
    recorder.finished({ ...turn, correctedText: 'after all' })
    expect(handedOn[3]).toMatchObject({ correctedText: 'after all', audio: handedOn[2]?.audio })
  })

  it('[SND8] without any sound it is handed on once', async () => {
    const { recording, handedOn, recorder } = world()
    recorder.finished(turnRecord())
    await recording.settled(WITHIN_MS)
    expect(handedOn).toHaveLength(1)
  })

  it('[TSK19] whose node ends before it is encoded keeps it: the outbox waits for it, and the next node encodes it', async () => {
    const before = world({ isDead: true })
    const turn = turnRecord()
    const body = JSON.stringify({ sessionId: 'ses_one', conversationId: 'cnv_one', turn })
    await rows.keep({ turnId: turn.id, body, now: 1 })
    before.recorder.audio(turn.turn, sound)
    before.recorder.finished(turn)
    const open = async () => JSON.stringify(await before.tasks.open(ENCODE))
    await expect.poll(open).toContain(turn.id)
    const after = world()
    after.recording.recover(await after.tasks.open(ENCODE))
    expect(after.recording.carrier.isAwaited(turn.id)).toBe(true)
    after.tasks.start()
    await expect.poll(() => after.recording.carrier.isAwaited(turn.id)).toBe(false)
    const kept = async () => (JSON.parse((await rows.oldest(1))[0]?.body ?? '{}') as { turn: TurnRecord }).turn
    const whole = { ...turn, audio: { reply: expect.stringMatching(/^[0-9a-f]{64}$/) } }
    await expect.poll(kept).toEqual(whole)
    await expect.poll(() => after.tasks.open(ENCODE)).toEqual([])
    // An attempt that was killed after its effect, and before its end was written.
    await after.recording.kind.run({ turnId: turn.id, parts: [{ part: 'reply', rate: 24_000 }] }, {} as TaskContext)
    expect(await kept()).toEqual(whole)
    expect(readdirSync(join(dataDir, 'recordings')).filter((name) => name.includes(turn.id))).toEqual([])
  })

  it('[SND9] keeps the sound of the question however many noises come during its reply', async () => {
    const { recording, handedOn, recorder } = world()
    const turn = turnRecord()
    recorder.heard?.(turn.id, sound)
    for (let noise = 0; noise < 100; noise++) {
      const id = newId('turn')
      recorder.heard?.(id, new Int16Array(1_600))
      recorder.forgotten?.(id)
    }
    recorder.finished(turn)
    await recording.settled(WITHIN_MS)
    expect(handedOn[1]?.audio?.utterance).toMatch(/^[0-9a-f]{64}$/)
  })

  it('[SND9] keeps it also where as many utterances wait as may', async () => {
    const { recording, handedOn, recorder } = world()
    const turn = turnRecord()
    recorder.heard?.(turn.id, sound)
    for (let waiting = 0; waiting < MAX_HELD_EVENTS / 2; waiting++)
      recorder.heard?.(newId('turn'), new Int16Array(1_600))
    recorder.finished(turn)
    await recording.settled(WITHIN_MS)
    expect(handedOn[1]?.audio?.utterance).toMatch(/^[0-9a-f]{64}$/)
  })
})
