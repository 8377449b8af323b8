// What every caller of a session can rely on, whichever wire he speaks: run against parley.chat.v1 and the line wire, on each host.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ScriptedSession } from '#tests/fakes/scripted-node.ts'
import { lineWorldsOfFile } from '#tests/edge/sockets-world.ts'
import { hostName } from '#tests/tooling/hosts/which-host.ts'

/** One caller over a real socket; how he says it is his wire's. */
export interface TestCaller {
  /** Until he is told ready. */
  start(): Promise<void>
  readonly sessionId: string
  audio(pcm: Uint8Array): void
  commit(): void
  say(text: string): void
  end(): void
  /** Loses the socket without a word. */
  cut(): void
  resume(): Promise<void>
  closed(): Promise<number>
  /** First samples of the audio that he heard. */
  readonly samples: Array<number | undefined>
  /** `final …`, `reply …`, `done …`, `ended …`, in order. */
  readonly events: string[]
}

export type ConnectCaller = (world: { url: string; key: string }) => Promise<TestCaller>

const frame = (value: number): Uint8Array => new Uint8Array(new Int16Array(320).fill(value).buffer)
const turnOf = (text: string): string[] => [`final ${text}`, `reply You said ${text}.`, 'done complete']

async function until(isTrue: () => boolean): Promise<void> {
  await expect.poll(isTrue, { timeout: 15_000, interval: 5 }).toBe(true)
}

export function describeCaller(wire: string, connect: ConnectCaller): void {
  describe(`a caller on ${wire}`, () => {
    const startLineWorld = lineWorldsOfFile()
    let world: Awaited<ReturnType<typeof startLineWorld>>
    beforeEach(async () => {
      world = await startLineWorld()
    })
    afterEach(() => world.close())

    async function live(): Promise<{ caller: TestCaller; session: ScriptedSession }> {
      const node = await world.node()
      const caller = await connect(world)
      await caller.start()
      return { caller, session: await node.session() }
    }

    /** Says each of these and waits for what comes of it; `after` runs between two. */
    async function play(
      { caller, session }: { caller: TestCaller; session: ScriptedSession },
      after: () => Promise<void>,
    ): Promise<void> {
      for (const value of [1, 2, 3]) {
        caller.audio(frame(value))
        await until(() => caller.samples.length === value)
        await after()
      }
      caller.commit()
      await until(() => caller.events.length === 3)
      await after()
      for (const [at, text] of ['one', '两个'].entries()) {
        caller.say(text)
        await until(() => caller.events.length === 6 + 3 * at)
        await after()
      }
      expect(session.audio.map((pcm) => new Int16Array(pcm.slice().buffer)[0])).toEqual([1, 2, 3])
      expect(caller.samples).toEqual([1, 2, 3])
      expect(caller.events).toEqual(['3 frames', 'one', '两个'].flatMap(turnOf))
    }

    async function end(caller: TestCaller): Promise<void> {
      const closed = caller.closed()
      caller.end()
      expect(await closed).toBe(1000)
      expect(caller.events.at(-1)).toBe('ended caller')
    }

    it('[SES38] hears his audio and a reply to each of his words, and says goodbye', async () => {
      const ends = await live()
      await play(ends, async () => {})
      await end(ends.caller)
    })

    it('[SES38] loses and repeats nothing when his socket is lost between any two of them', async () => {
      const { caller, session } = await live()
      await play({ caller, session }, async () => {
        caller.cut()
        await caller.resume()
      })
      await end(caller)
    })

    it('[SES38] hears what was said while he was away, once and in order, also where his node was away, too', async () => {
      const { caller, session } = await live()
      caller.cut()
      for (const value of [1, 2]) session.link.sendAudio(1, frame(value))
      await caller.resume()
      await until(() => caller.samples.length === 2)
      session.cut()
      caller.cut()
      for (const value of [3, 4]) session.link.sendAudio(1, frame(value))
      await Promise.all([caller.resume(), session.redial()])
      await until(() => caller.samples.length === 4)
      expect(caller.samples).toEqual([1, 2, 3, 4])
      caller.say('still here')
      await until(() => caller.events.length === 3)
      expect(caller.events).toEqual(turnOf('still here'))
      await end(caller)
    })

    // Rooms of the Node host live as long as its process; woken-room.test.ts wakes one there.
    it.runIf(hostName() === 'workers')(
      '[SAW8] sees the same events and hears the same audio when the memory is lost between any two of them',
      async () => {
        const { caller, session } = await live()
        await play({ caller, session }, async () => {
          const closed = caller.closed()
          await world.lose(caller.sessionId)
          await closed
          caller.cut()
          await Promise.all([caller.resume(), session.redial()])
        })
        await end(caller)
      },
    )
  })
}
