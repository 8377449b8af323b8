// What a room of a session tells its host: when to wake it, how long a session took to begin, and how loud a fault is in the log.
import { expect, it } from 'vitest'
import { SessionRoom } from '#edge/session/session-room.ts'
import { createRecordingLog } from '#tests/fakes/recording-log.ts'
import { CALLER, FakeWorld } from '#tests/edge/rooms-world.ts'
import { silentMetrics } from '#tests/edge/sockets-world.ts'
import { FakeSocket } from '#tests/fakes/fake-socket.ts'
import { createMemoryStore } from '#tests/fakes/memory-store.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

it('[SES30] a session whose caller left while it was opened sets no alarm: the store answers, and it is over', async () => {
  const clock = createVirtualClock()
  const alarms: Array<number | undefined> = []
  const { log } = createRecordingLog()
  const who = { sessionId: 'ses_one', caller: CALLER } as const
  const room = new SessionRoom(who, {
    clock,
    log,
    store: createMemoryStore(),
    metrics: silentMetrics,
    fleet: { place: async () => 'nod_one' as const, release: async () => {} },
    setAlarm: (at) => alarms.push(at),
    callerByToken: async () => undefined,
    onEnded: () => {},
  })
  const socket = new FakeSocket()
  room.connect(socket, { end: 'caller' })
  expect(alarms.at(-1)).toBeGreaterThan(clock.now())
  room.message(socket, '{"type":"session.start"}')
  room.close(socket, 1006)
  expect([room.state.type, alarms.at(-1)]).toEqual(['abandoned', undefined])
  await clock.settle()
  expect([room.state.type, alarms.at(-1)]).toEqual(['ended', undefined])
})

it('[SES8] the time from start to ready is measured', async () => {
  const observed: Array<[string, number]> = []
  const world = new FakeWorld({
    metrics: { ...silentMetrics, observe: (name, value) => void observed.push([name, value]) },
  })
  await world.clock.advance(1_000)
  const { caller, node } = await world.begin()
  await world.clock.advance(70)
  node.say({ type: 'session.begun', engines: [] })
  await world.until(() => caller.socket.types.includes('session.ready'))
  expect(observed.filter(([name]) => name === 'session_setup')).toEqual([['session_setup', 70]])
})

it('[SES3] a fault of a message is for whoever debugs; one of a session stands in the log', async () => {
  const { log, lines } = createRecordingLog()
  const world = new FakeWorld({ log })
  const { caller, node } = await world.live()
  const levels = () => lines.filter(({ message }) => message === 'told the caller a fault').map(({ level }) => level)
  caller.say('{"type":"nonsense"}')
  caller.say({ type: 'text.send', seq: 2, text: 'x'.repeat(1_001) })
  expect(levels()).toEqual(['debug', 'debug'])
  node.say({ type: 'session.failed', code: 'internal' })
  expect(levels()).toEqual(['debug', 'debug', 'info'])
})
