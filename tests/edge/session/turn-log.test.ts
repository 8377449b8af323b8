// What the room remembers of a turn that nobody finishes.
import { describe, expect, it } from 'vitest'
import { TurnLog } from '#edge/session/turn-log.ts'
import { newId } from '#shared/ids.ts'

const turnId = newId('turn')
const log = (): TurnLog => {
  const made = new TurnLog()
  made.answered({ type: 'utterance.started', seq: 1, turnId, turn: 3, atSample: 0 }, 'en', 100)
  return made
}

describe('turn log', () => {
  it('[SES14] a cut turn keeps what was heard, to the word inside the last piece', () => {
    const turns = log()
    turns.answered({ type: 'transcript.final', seq: 2, turnId, text: '你好', language: 'zh' }, 'en', 110)
    turns.answered({ type: 'reply.started', seq: 3, turnId, turn: 3 }, 'en', 120)
    turns.answered({ type: 'reply.text', seq: 4, turnId, text: 'First. ', startSample: 0 }, 'en', 130)
    turns.answered({ type: 'reply.text', seq: 5, turnId, text: 'one two three four', startSample: 1_000 }, 'en', 140)
    turns.audio(3, 1_000)
    turns.audio(3, 1_200)
    turns.audio(4, 9_000)
    turns.played({ type: 'playback.progress', seq: 1, turnId, playedSamples: 1_500 })
    turns.played({ type: 'playback.progress', seq: 2, turnId, playedSamples: 400 })
    expect(turns.cut(200, 1_000)).toMatchObject([
      {
        id: turnId,
        turn: 3,
        source: 'speech',
        status: 'cut',
        language: 'zh',
        utteranceText: '你好',
        replyText: 'First. one two three four',
        heardText: 'First. one two',
        startedAt: 100,
        endedAt: 200,
      },
    ])
    expect(turns.cut(300, 1_000)).toEqual([])
  })

  it('[STO26] the highest turn number outlives the turns and the memory of the room', () => {
    const turns = log()
    turns.answered({ type: 'utterance.ended', seq: 2, turnId, atSample: 1, reason: 'noSpeech' }, 'en', 110)
    expect([new TurnLog().lastTurn, turns.lastTurn, new TurnLog(turns.keep()).lastTurn]).toEqual([0, 3, 3])
  })

  it('[SES14] of a piece that was still being made only the part that was played counts as heard', () => {
    const turns = log()
    turns.answered({ type: 'reply.text', seq: 2, turnId, text: 'one two three four', startSample: 0 }, 'en', 130)
    turns.audio(3, 600)
    turns.played({ type: 'playback.progress', seq: 1, turnId, playedSamples: 600 })
    // 18 letters take about 1,170 ms to say: half of them were heard.
    expect(turns.cut(200, 1_000)).toMatchObject([{ replyText: 'one two three four', heardText: 'one two' }])
  })

  it('[SES14] a typed turn keeps its text; a turn without words, cleared or done leaves nothing', () => {
    const typed = new TurnLog()
    typed.answered({ type: 'transcript.final', seq: 1, turnId, text: 'hello', language: 'en' }, 'en', 1)
    typed.answered({ type: 'reply.started', seq: 2, turnId, turn: 1 }, 'en', 1)
    expect(typed.cut(2, 1_000)).toMatchObject([{ source: 'text', utteranceText: 'hello', heardText: '' }])

    expect(log().cut(2, 1_000)).toEqual([])
    const cleared = log()
    cleared.answered({ type: 'transcript.partial', seq: 2, turnId, text: 'well' }, 'en', 1)
    cleared.answered({ type: 'utterance.ended', seq: 3, turnId, atSample: 1, reason: 'cleared' }, 'en', 1)
    expect(cleared.cut(2, 1_000)).toEqual([])
  })

  it('[SES14] of two texts in a row each turn keeps its own, also before its reply has begun', () => {
    const turns = new TurnLog()
    turns.begins(7)
    const [one, two] = [newId('turn', 1), newId('turn', 2)]
    turns.answered({ type: 'transcript.final', seq: 1, turnId: one, text: 'one', language: 'en' }, 'zh', 1)
    turns.answered({ type: 'reply.started', seq: 2, turnId: one, turn: 8 }, 'zh', 1)
    turns.answered({ type: 'transcript.final', seq: 3, turnId: two, text: 'two', language: 'en' }, 'zh', 2)
    expect(turns.open).toEqual([one, two])
    expect(turns.cut(3, 1_000)).toMatchObject([
      { id: one, turn: 8, source: 'text', language: 'en', utteranceText: 'one' },
      { id: two, turn: 9, source: 'text', language: 'en', utteranceText: 'two' },
    ])
  })

  it('[SES14] no more than four open turns are kept', () => {
    const turns = new TurnLog()
    for (let turn = 1; turn <= 6; turn++) {
      const id = newId('turn', turn)
      turns.answered({ type: 'utterance.started', seq: turn, turnId: id, turn, atSample: 0 }, 'en', 1)
      turns.answered({ type: 'transcript.partial', seq: turn, turnId: id, text: 'word' }, 'en', 1)
    }
    expect(turns.cut(2, 1_000).map(({ turn }) => turn)).toEqual([3, 4, 5, 6])
  })
})
