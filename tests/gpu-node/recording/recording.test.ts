// What is handed on of a turn whose sound is kept, and when: its words at once, its sound as soon as it is on the disk.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createRecording } from '#gpu-node/recording/recording.ts'
import type { TurnSink } from '#gpu-node/turn/ports.ts'
import { MAX_HELD_EVENTS } from '#gpu-node/turn/hearing/speech-queue.ts'
import { systemClock } from '#shared/clock.ts'
import { newId } from '#shared/ids.ts'
import { silentLog } from '#shared/log.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'

const WITHIN_MS = 10_000

describe('a turn whose sound is kept', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-recording-'))
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

  function world() {
    const edge = { edgeUrl: 'ws://127.0.0.1:9', token: 'none', dataDir }
    const recording = createRecording(edge, { clock: systemClock, log: silentLog })
    const handedOn: TurnRecord[] = []
    const sink: TurnSink = { send: () => {}, audio: () => {}, finished: (turn) => void handedOn.push(turn) }
    return { recording, handedOn, recorder: recording.record(sink, 24_000) }
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
