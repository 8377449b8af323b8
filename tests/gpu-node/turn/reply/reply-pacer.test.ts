// What of a reply was heard while its last piece is still being made.
import { describe, expect, it } from 'vitest'
import { spokenMs } from '#shared/heard.ts'
import { ReplyPacer } from '#gpu-node/turn/reply/reply-pacer.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const RATE = 24_000
const TEXT = 'The quick brown fox jumps over the lazy dog.'

function world() {
  const clock = createVirtualClock()
  const pacer = new ReplyPacer({
    clock,
    outputRate: RATE,
    sendText: () => {},
    sendAudio: () => {},
    onAudible: () => {},
    onHeard: () => {},
  })
  pacer.release()
  const audio = (ms: number): void => pacer.audio(new Int16Array((ms * RATE) / 1000))
  return { clock, pacer, audio }
}

describe('a piece that is not made to its end', () => {
  it('[TUR16] counts as long as its words take to say: not all of it was heard', async () => {
    const { clock, pacer, audio } = world()
    pacer.beginPiece(TEXT)
    audio(spokenMs(TEXT) / 2)
    await clock.advance(5_000)
    expect(pacer.heardText()).toBe('The quick brown fox')
  })

  it('[TUR16] counts longer where its sound is longer already', async () => {
    const { clock, pacer, audio } = world()
    pacer.beginPiece('Hm.')
    audio(2_000)
    await clock.advance(1_000)
    expect(pacer.heardText()).toBe('')
  })

  it('[TUR16] counts as long as its sound once that is known', async () => {
    const { clock, pacer, audio } = world()
    pacer.beginPiece(TEXT)
    audio(1_000)
    pacer.endPiece()
    await clock.advance(5_000)
    expect(pacer.heardText()).toBe(TEXT)
  })
})
