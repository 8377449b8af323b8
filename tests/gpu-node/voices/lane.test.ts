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

  /** A lane whose pieces end one by one, as the test says; `began` names them in the order of their beginnings. */
  function heldLane(max: number) {
    const lane = new Lane(max)
    const began: string[] = []
    const refused: string[] = []
    let end = (): void => {}
    const add = (name: string): void => {
      const work = (): Promise<void> => {
        began.push(name)
        return new Promise((resolve) => (end = resolve))
      }
      lane.run(work, WANTED, name[0]).catch(() => refused.push(name))
    }
    const endAll = async (): Promise<void> => {
      for (let turn = 0; turn < 20; turn++) {
        end()
        await new Promise(setImmediate)
      }
    }
    return { add, began, refused, endAll }
  }

  it('[VPR20] users take turns: a pile of one stands before no other', async () => {
    const { add, began, endAll } = heldLane(8)
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) add(name)
    await endAll()
    expect(began).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4'])
  })

  it('[VPR20] where it is full, the newest piece of whoever has most gives way to whoever has less', async () => {
    const { add, began, refused, endAll } = heldLane(4)
    for (const name of ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'c1', 'd1', 'e1', 'b2']) add(name)
    await new Promise(setImmediate)
    expect(refused.toSorted()).toEqual(['a2', 'a3', 'a4', 'a5', 'b2', 'e1'])
    await endAll()
    expect(began).toEqual(['a1', 'b1', 'c1', 'd1'])
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
