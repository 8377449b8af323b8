// Work in a lane, in any order of ends.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Lane } from '#gpu-node/voices/lane.ts'

const WANTED = new AbortController().signal
const unavailable = { fault: { code: 'unavailable', what: 'voices' } }

describe('a lane', () => {
  it('[VPR16] does one after the other, whatever becomes of each, and refuses what is too much', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), async (goWell) => {
        const lane = new Lane(4)
        let under = 0
        const began: number[] = []
        const ends = goWell.map((goesWell, index) =>
          lane.run(async () => {
            began.push(index)
            expect(++under).toBe(1)
            await Promise.resolve()
            under--
            if (!goesWell) throw new Error('it went wrong')
            return index
          }, WANTED),
        )
        const settled = await Promise.allSettled(ends)
        for (const [index, end] of settled.entries()) {
          if (index >= 4) expect(end).toMatchObject({ status: 'rejected', reason: unavailable })
          else if (goWell[index]) expect(end).toEqual({ status: 'fulfilled', value: index })
          else expect(end).toMatchObject({ reason: { message: 'it went wrong' } })
        }
        expect(began).toEqual(goWell.slice(0, 4).map((_, index) => index))
        // All that ended made room.
        await expect(lane.run(() => Promise.resolve('more'), WANTED)).resolves.toBe('more')
      }),
    )
  })

  it('[VPR16] does not begin what nobody waits for any more', async () => {
    const lane = new Lane(4)
    const gate = Promise.withResolvers<string>()
    const first = lane.run(() => gate.promise, WANTED)
    const given = new AbortController()
    let hasBegun = false
    const second = lane.run(() => {
      hasBegun = true
      return Promise.resolve()
    }, given.signal)
    given.abort()
    gate.resolve('first')
    expect(await first).toBe('first')
    await expect(second).rejects.toMatchObject(unavailable)
    expect(hasBegun).toBe(false)
  })
})
