// `npm run dev:workers` as an operator uses it: the edge on workerd, a libSQL server and a GPU node as real programs, real audio.
import { describe, expect, it } from 'vitest'
import { removeData, startParley } from '#tests/edge/cli/parley.ts'

/** Four programs, two engines, one spoken turn in real time, on a busy machine. */
const START_MS = 60_000

describe('parley start --host workers', () => {
  it('[WRK1] the embedded voice loop passes on workerd, real audio in and out', { timeout: START_MS }, async () => {
    const running = await startParley({ args: ['--host', 'workers'] })
    expect(running.output).toMatch(new RegExp(`^open ${running.url}/#code=[\\w-]{40,}`, 'm'))
    expect(running.output).toMatch(/^ {2}transcript: what is your name$/m)
    expect(running.output).toMatch(/^ {2}reply: .*name.*Parley/m)
    expect(running.output).toMatch(/^ready http/m)
    expect(await (await fetch(`${running.url}/health`)).json()).toMatchObject({ status: 'healthy', nodes: 1 })
    expect(running.programs().length).toBeGreaterThanOrEqual(5)
    running.child.kill('SIGINT')
    expect(await running.ended).toBe(0)
    expect(running.programs()).toEqual([])
    removeData(running.data)
  })

  it('[WRK2] leaves no process behind when it is itself killed', { timeout: START_MS }, async () => {
    const running = await startParley({ args: ['--host', 'workers', '--no-selfcheck'] })
    running.child.kill('SIGKILL')
    await running.ended
    await expect.poll(() => running.programs(), { timeout: 20_000, interval: 50 }).toEqual([])
    removeData(running.data)
  })
})
