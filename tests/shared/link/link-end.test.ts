import { expect, it } from 'vitest'
import type { Fault } from '#shared/fault.ts'
import type { Frame } from '#shared/link/frame.ts'
import { LinkEnd } from '#shared/link/link-end.ts'
import { decodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { MAX_REPLAY_BYTES } from '#shared/protocol/limits.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

function linkEnd(firstSeq?: number) {
  const clock = createVirtualClock()
  const faults: Fault[] = []
  const sent: Frame[] = []
  const end = new LinkEnd({ clock, firstSeq, onOverflow: (fault) => faults.push(fault) })
  const send = (frame: Frame): void => void sent.push(frame)
  return { clock, faults, sent, end, send }
}

const said = (n: number): string => JSON.stringify({ type: 'said', seq: n })
const ack = (received: number): string => `{"type":"ack","received":${received}}`

it('[LNK4] text and audio of one direction share one counter', () => {
  const { end, sent, send } = linkEnd()
  end.attach(send)
  expect([end.sendMessage({ type: 'said' }), end.sendAudio(3, new Uint8Array([1, 0])), end.nextSeq]).toEqual([1, 2, 3])
  expect(sent[0]).toBe(said(1))
  const audio = decodeAudioFrame(sent[1] as Uint8Array, 16_000)
  expect(audio).toMatchObject({ ok: true, value: { turn: 3, sequence: 2 } })
})

it('[LNK4] an end that goes on with a session begins at the number that it is given', () => {
  const { end } = linkEnd(58)
  expect(end.sendMessage({ type: 'said' })).toBe(58)
})

it('[LNK5] what is sent without a socket waits, and a resumed peer gets exactly what it lacks', () => {
  const { end, sent, send } = linkEnd()
  for (let i = 0; i < 4; i++) end.sendMessage({ type: 'said' })
  expect(sent).toEqual([])
  end.attach(send, 2)
  expect(sent).toEqual([said(3), said(4)])
  end.detach()
  end.sendMessage({ type: 'said' })
  end.acked(4)
  end.attach(send)
  expect(sent.slice(2)).toEqual([said(5)])
})

it('[LNK5] a peer that is told of is not a peer that has acknowledged: its word is not the far end’s', () => {
  const { end, sent, send } = linkEnd()
  end.sendMessage({ type: 'said' })
  end.attach(send, 1)
  expect(end.isFlushed).toBe(false)
  end.attach(send, 0)
  expect(sent).toEqual([said(1)])
  end.acked(1)
  expect(end.isFlushed).toBe(true)
})

it('[LNK6] an ack rides along with a frame that leaves from 150 ms on, and not again at 200 ms', async () => {
  const { clock, end, sent, send } = linkEnd()
  end.attach(send)
  end.accept(1)
  await clock.advance(149)
  end.sendMessage({ type: 'said' })
  end.accept(2)
  expect(sent).toEqual([said(1)])
  await clock.advance(1)
  end.sendMessage({ type: 'said' })
  const rode = [said(1), said(2), '{"type":"ack","received":2}']
  expect(sent).toEqual(rode)
  await clock.advance(1_000)
  end.sendMessage({ type: 'said' })
  expect(sent).toEqual([...rode, said(3)])
})

it('[LNK6] an ack leaves 200 ms after the first frame that it is for, once for all of them', async () => {
  const { clock, end, sent, send } = linkEnd()
  end.attach(send)
  end.accept(1)
  await clock.advance(150)
  end.accept(2)
  await clock.advance(49)
  expect(sent).toEqual([])
  await clock.advance(1)
  expect(sent).toEqual([ack(2)])
  await clock.advance(5_000)
  expect(sent).toHaveLength(1)
})

it('[LNK6] the thirty-second frame is acknowledged at once', async () => {
  const { clock, end, sent, send } = linkEnd()
  end.attach(send)
  for (let seq = 1; seq <= 31; seq++) end.accept(seq)
  expect(sent).toEqual([])
  end.accept(32)
  expect(sent).toEqual([ack(32)])
  await clock.advance(1_000)
  expect(sent).toHaveLength(1)
})

it('[LNK7] a frame that comes again is told apart and acknowledged again; one out of order is a gap', async () => {
  const { clock, end, sent, send } = linkEnd()
  end.attach(send)
  expect([end.accept(1), end.accept(1), end.accept(3), end.accept(2), end.accept(3)]).toEqual([
    'new',
    'duplicate',
    'gap',
    'new',
    'new',
  ])
  await clock.advance(200)
  expect(end.accept(2)).toBe('duplicate')
  await clock.advance(200)
  expect(sent).toEqual([ack(3), ack(3)])
})

it('[LNK8] over the bound of bytes the owner is told once, and nothing is sent any more', () => {
  const { end, sent, send, faults } = linkEnd()
  end.attach(send)
  const pcm = new Uint8Array(MAX_REPLAY_BYTES / 4)
  for (let i = 0; i < 6; i++) end.sendAudio(0, pcm)
  expect(sent).toHaveLength(3)
  expect(faults).toMatchObject([{ code: 'too_large', limit: 'replay', max: MAX_REPLAY_BYTES, unit: 'bytes' }])
})

it('[LNK8] over the bound of time the owner is told once', async () => {
  const { clock, end, faults } = linkEnd()
  end.sendMessage({ type: 'said' })
  await clock.advance(60_000)
  end.sendMessage({ type: 'said' })
  expect(faults).toEqual([])
  await clock.advance(1)
  end.sendMessage({ type: 'said' })
  end.sendMessage({ type: 'said' })
  expect(faults).toEqual([{ code: 'too_large', limit: 'replay', max: 60_000, got: 60_001, unit: 'ms' }])
})

it('[LNK9] a link that is closed or without a socket leaves no timer behind', () => {
  const { clock, end, send } = linkEnd()
  end.accept(1)
  expect(clock.pending).toBe(0)
  end.attach(send)
  end.accept(2)
  expect(clock.pending).toBe(1)
  end.detach()
  expect(clock.pending).toBe(0)
  end.attach(send)
  end.accept(3)
  end.close()
  expect(clock.pending).toBe(0)
})

it('[LNK16] an end that is made anew begins at the first number that comes, and takes each once from there', () => {
  const clock = createVirtualClock()
  const end = new LinkEnd({ clock, isRecovered: true, onOverflow: () => {} })
  expect([end.accept(58), end.accept(58), end.accept(60), end.accept(59)]).toEqual(['new', 'duplicate', 'gap', 'new'])
  expect(end.received).toBe(59)
})
