// A bug of the client, of its application or of its host: the session ends, and nothing of it is left.
import { expect, it } from 'vitest'
import type { ChatClientOptions } from '#shared/client/client-options.ts'
import { createClientWorld, createLiveWorld, partial, ready, type ClientWorld } from './client-world.ts'

const bug = (): never => {
  throw new Error('a bug')
}

function expectEnd({ clock, dials, states }: ClientWorld, bugs: unknown[]): void {
  expect(dials.last.closedWith).toBe(1000)
  expect(states.at(-1)).toBe('ended internal')
  expect(clock.pending).toBe(0)
  expect(bugs.map(String)).toEqual(['Error: a bug'])
}

it.each<[string, (client: ClientWorld) => void, Partial<ChatClientOptions>]>([
  [
    'onMessage',
    ({ dials }) => void dials.last.say(partial(1)),
    { onMessage: (message) => message.type === 'transcript.partial' && bug() },
  ],
  ['onUnreadable', ({ dials }) => void dials.last.say('{'), { onUnreadable: bug }],
])('[CLT17] a bug in %s ends the client', async (_name, meet, options) => {
  const bugs: unknown[] = []
  const world = await createLiveWorld({ ...options, onBug: (error) => bugs.push(error) })
  meet(world)
  expectEnd(world, bugs)
  await world.clock.advance(600_000)
  expect(world.dials.all).toHaveLength(1)
})

it('[CLT17] a bug in onState ends the client, and what is left of it is told', async () => {
  const bugs: unknown[] = []
  const states: string[] = []
  const world = await createClientWorld({
    onBug: (error) => bugs.push(error),
    onState: (state, detail) => {
      if (state === 'ready') bug()
      states.push(`${state} ${detail}`)
    },
  })
  world.dials.last.open().say(ready())
  expectEnd({ ...world, states }, bugs)
})

it('[CLT17] a socket that cannot be closed keeps nobody waiting for the goodbye', async () => {
  const bugs: unknown[] = []
  const world = await createLiveWorld({ onBug: (error) => bugs.push(error) })
  const ending = world.client.end()
  world.dials.last.close = bug
  await world.clock.advance(5_000)
  await ending
  expect(world.states.at(-1)).toBe('ended caller')
  expect(world.clock.pending).toBe(0)
  expect(String(bugs[0])).toBe('Error: a bug')
})
