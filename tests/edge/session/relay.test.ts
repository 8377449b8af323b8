// Both legs of a session's link at the edge, without a room.
import { expect, it } from 'vitest'
import { Relay } from '#edge/session/relay.ts'
import type { Frame } from '#shared/link/frame.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

function relay() {
  const toCaller: Frame[] = []
  const toNode: Frame[] = []
  const gaps: string[] = []
  const made = new Relay(
    {
      clock: createVirtualClock(),
      toCaller: (frame) => toCaller.push(frame),
      toNode: (frame) => toNode.push(frame),
      onOverflow: () => {},
      onGap: (peer) => gaps.push(peer),
    },
    false,
  )
  return { made, toCaller, toNode, gaps }
}
const ack = (received: number): string => JSON.stringify({ type: 'ack', received })

it('[SES30] a relay that is closed passes nothing on in either direction, and keeps nothing', () => {
  const { made, toCaller, toNode } = relay()
  made.attachCaller(0)
  made.takeUp(1, 'kept')
  made.attachNode(0)
  made.takeDown(1, 'said')
  const sent = [['kept'], ['said']]
  expect([toNode, toCaller]).toEqual(sent)
  made.close()
  made.takeUp(2, 'late')
  made.takeDown(2, 'late')
  expect([toNode, toCaller]).toEqual(sent)
  made.close()
  made.attachNode(0)
  made.attachCaller(0)
  expect([toNode, toCaller]).toEqual(sent)
})

it('[SES22] what one end acknowledges the other is told, also when it comes back', () => {
  const { made, toCaller, toNode } = relay()
  made.attachCaller(0)
  made.attachNode(0)
  made.takeUp(1, 'up')
  made.takeDown(1, 'down')
  expect([made.ackedByNode(1), made.ackedByCaller(1)]).toEqual([undefined, undefined])
  expect([toNode, toCaller]).toEqual([
    ['up', ack(1)],
    ['down', ack(1)],
  ])
  made.detachCaller()
  made.attachCaller(1)
  expect([toNode.slice(2), toCaller.slice(2)]).toEqual([[ack(1)], [ack(1)]])
})

it('[SES26] an acknowledgement of what was never sent is refused, and moves nothing', () => {
  const { made, toCaller, toNode } = relay()
  made.attachCaller(0)
  made.attachNode(0)
  made.takeUp(1, 'up')
  expect(made.ackedByNode(2)).toMatchObject({ code: 'invalid_message' })
  expect(made.ackedByCaller(1)).toMatchObject({ code: 'invalid_message' })
  expect([toNode, toCaller]).toEqual([['up'], []])
})

it('[SES36] only a caller who left a session that ends, or who never acknowledges, is acknowledged for', () => {
  const leaves = relay()
  leaves.made.attachNode(0)
  leaves.made.takeDown(1, 'said')
  leaves.made.farewell()
  expect(leaves.toNode).toEqual([])
  leaves.made.detachCaller()
  expect(leaves.toNode).toEqual([ack(1)])

  const away = relay()
  away.made.attachNode(0)
  away.made.takeDown(1, 'said')
  away.made.detachCaller()
  expect(away.toNode).toEqual([])

  const simple = relay()
  simple.made.callerAcks = false
  simple.made.attachNode(0)
  simple.made.takeDown(1, 'said')
  expect(simple.toNode).toEqual([ack(1)])
})

it('[SES21] each end is told of its own gap', () => {
  const { made, gaps } = relay()
  expect([made.takeUp(2, 'up'), made.takeDown(3, 'down'), made.takeUp(1, 'up'), made.takeUp(1, 'up')]).toEqual([
    false,
    false,
    true,
    false,
  ])
  expect(gaps).toEqual(['caller', 'node'])
})
