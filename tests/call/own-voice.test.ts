// "Speak like me" in a whole call: consent travels to the node, and his own words come back as the reference of the voice.
import { expect } from 'vitest'
import { it } from './call-test.ts'

it.concurrent('[CLO6] a caller who consents is answered in his own voice in that session, and in no other', async ({
  start,
}) => {
  const world = await start({ nodes: [{ tts: { canClone: true, msPerChar: 5 } }] })
  const caller = await world.caller({ start: { options: { speculation: false } } })
  await caller.ready()
  caller.client.send({ type: 'session.update', voice: { source: 'caller', consent: true } })
  expect(await caller.next('session.updated')).toMatchObject({ voice: { source: 'caller' } })
  expect(await caller.turn(4_000)).toMatchObject({ status: 'complete' })
  await caller.client.end()
  const other = await world.caller()
  await other.ready()
  expect(await other.turn(4_000)).toMatchObject({ status: 'complete' })
  const [own, plain] = world.nodes[0]?.engines.tts.calls.map(({ options }) => options.reference) ?? []
  expect(own).toMatchObject({ text: 'hello there', sampleRate: 16_000 })
  expect(plain).toBeUndefined()
})
