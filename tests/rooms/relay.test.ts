// Caller ↔ edge ↔ node over real sockets: what is said passes both ways, once and in order, whatever becomes of a socket.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startWorld, type World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.close())

const frame = (value: number): Uint8Array => new Uint8Array(new Int16Array(320).fill(value).buffer)


const sampleOf = (pcm: Uint8Array): number | undefined => new Int16Array(pcm.slice().buffer)[0]

async function until(isTrue: () => boolean): Promise<void> {
  for (const stopAt = Date.now() + 5_000; !isTrue(); ) {
    if (Date.now() > stopAt) throw new Error('it did not come')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('relay', () => {
  it('[REL1] carries messages and audio both ways, each once and in order', async () => {
    const node = await world.node()
    const caller = await world.caller()
    const ready = await caller.start()
    expect(ready.audio).toEqual({ inputRate: 16_000, outputRate: 24_000 })
    for (let i = 1; i <= 20; i++) caller.link.sendAudio(0, frame(i))
    caller.link.sendMessage({ type: 'text.send', text: 'hello' })
    const done = await caller.heard.next('reply.done')
    expect(done.replyText).toBe('You said hello.')
    expect(caller.audio.map(sampleOf)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    expect(node.sessions.size).toBe(1)
  })
})
