// Floods over real sockets, on each host: the flood is hung up on, and the call of somebody else goes on. Nothing is timed.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '#shared/ids.ts'
import type { Frame } from '#shared/link/frame.ts'
import { MAX_MESSAGE_BYTES } from '#shared/protocol/limits.ts'
import type { ScriptedCaller } from '#tests/fakes/scripted-caller.ts'
import { worldsOfFile, type World } from '#tests/edge/sockets-world.ts'

const startWorld = worldsOfFile()
let world: World
beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.close())

/** More than any bucket holds. */
const FRAMES = 5_000
const MAX_FLOOD_BYTES = 30 * 1024 * 1024
const FLOODS: Array<[string, (seq: number) => Frame]> = [
  ['tiny JSON', () => '{}'],
  ['JSON of 30,000 levels', () => '['.repeat(30_000) + ']'.repeat(30_000)],
  ['60 KB of junk', () => new Uint8Array(60_000)],
  ['text.send', (seq) => JSON.stringify({ type: 'text.send', seq, text: 'hello' })],
]

async function answered(caller: ScriptedCaller, text: string): Promise<void> {
  caller.link.sendMessage({ type: 'text.send', text })
  expect((await caller.heard.next('reply.done')).replyText).toBe(`You said ${text}.`)
}

describe('a flood over real sockets', () => {
  it.each(FLOODS)('[HOS12] of %s is closed with 4429, and another caller talks on', async (_what, frameAt) => {
    await world.node()
    const [other, flooder] = [await world.caller(), await world.caller()]
    await other.start()
    await flooder.start()
    await answered(other, 'before')
    const closed = flooder.closed()
    for (let seq = 1; seq <= Math.min(FRAMES, MAX_FLOOD_BYTES / frameAt(1).length); seq++) flooder.sendRaw(frameAt(seq))
    await answered(other, 'meanwhile')
    // A socket whose rest is not read is destroyed after the close frame: the code arrived before.
    expect(await closed).toBe(4429)
    await answered(other, 'after')
  })

  it('[HOS10] a caller’s message of 64 KiB is read, a larger one closes his socket with 1009', async () => {
    const caller = await world.caller()
    caller.sendRaw('x'.repeat(MAX_MESSAGE_BYTES))
    expect(await caller.heard.next('fault')).toMatchObject({ code: 'invalid_message' })
    const closed = caller.closed()
    caller.sendRaw('x'.repeat(MAX_MESSAGE_BYTES + 1))
    expect(await closed).toBe(1009)
  })

  it('[HOS10] a node’s message may be larger', async () => {
    const node = await world.node()
    const caller = await world.caller()
    await caller.start()
    const session = await node.session()
    const text = 'x'.repeat(2 * MAX_MESSAGE_BYTES)
    session.link.sendMessage({ type: 'transcript.partial', turnId: newId('turn'), text })
    expect((await caller.heard.next('transcript.partial')).text).toHaveLength(text.length)
  })
})
