// Speech that waits for the final text of the utterance before it: in order, none lost, and none left when it fails there.
import { expect, it } from 'vitest'
import { OPEN_LIMIT_MS, TEXT_LIMIT_MS } from '#gpu-node/turn/hearing/utterance-stream.ts'
import { breaksAt, expectNoUnhandledRejections, goesOn } from '#tests/gpu-node/turn/failing.ts'
import { TurnWorld } from '#tests/gpu-node/turn/turn-world.ts'

expectNoUnhandledRejections()

const slow = (text: string, finishMs: number) => ({ texts: [{ afterMs: 1, text }], finishMs })
const waiting = { options: { speculation: false }, llm: { replies: ['Better.'] } }

it('[TUR22] several utterances wait, each for the one before it', async () => {
  const world = new TurnWorld({ ...waiting, stt: { utterances: [slow('one', 5_000), slow('two', 500), 'three'] } })
  for (let said = 0; said < 3; said++) await world.ask()
  await world.clock.advance(10_000)
  expect(world.records.map(({ utteranceText, status }) => [utteranceText, status])).toEqual([
    ['one', 'interrupted'],
    ['two', 'interrupted'],
    ['three', 'complete'],
  ])
  expect(world.engines.stt.openStreams).toBe(0)
  await goesOn(world)
})

it('[TUR22] an utterance that fails while it waits ends with its fault, in its turn, and the session goes on', async () => {
  const late = TEXT_LIMIT_MS - 1_000
  const world = new TurnWorld({ ...waiting, stt: { utterances: [slow('one', late), slow('two', late), 'four'] } })
  for (let said = 0; said < 3; said++) await world.ask()
  await world.clock.advance(OPEN_LIMIT_MS + 2 * TEXT_LIMIT_MS)
  expect(world.of('fault')).toMatchObject([{ code: 'deadline_exceeded', stage: 'stt' }])
  expect(world.records.map(({ utteranceText, status }) => [utteranceText, status])).toEqual([
    ['one', 'interrupted'],
    ['two', 'complete'],
  ])
  await goesOn(world)
})

it('[TUR36] speech that waits while a turn breaks is dropped with it, without another fault', async () => {
  const onSaid = breaksAt('reply.started')
  const world = new TurnWorld({ ...waiting, stt: { utterances: [slow('one', 2_000), 'two'] }, onSaid })
  await world.ask()
  await world.speak(500)
  await world.silence(2_000)
  expect(world.of('fault')).toMatchObject([{ code: 'internal' }])
  expect(world.records).toMatchObject([{ utteranceText: 'one', status: 'cut' }])
  await goesOn(world)
})
