// Free slots and the choice of a node, by numbers alone.
import { expect, it } from 'vitest'
import { chooseNode, freeSlots, refusingIn } from '#edge/fleet/placement.ts'
import type { FleetNode, FleetState } from '#edge/fleet/fleet-state.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import type { AdmissionRefusal } from '#shared/model/node.ts'

interface Facts {
  slots: number
  said?: number
  named?: SessionId[]
  held?: SessionId[]
  draining?: boolean
  refusing?: AdmissionRefusal
}

function node({ slots, said = slots, named = [], held = [], draining = false, refusing }: Facts): FleetNode {
  const status = { slots, freeSlots: said, sessions: named, engines: [], vram: null, ...(refusing && { refusing }) }
  const here = { type: 'here' as const, name: 'one', version: '1', status, connectedAt: 0, draining }
  return { presence: here, held: new Set(held) }
}

const fleet = (...nodes: Array<[NodeId, FleetNode]>): FleetState => ({ nodes: new Map(nodes), pending: new Map() })

it.each<[string, Facts, number]>([
  ['nothing is held', { slots: 3 }, 3],
  ['the node names fewer than its slots', { slots: 3, said: 1 }, 1],
  ['a session is held that it does not name', { slots: 3, said: 3, held: ['ses_a'] }, 2],
  ['a session is held that it names', { slots: 3, said: 2, named: ['ses_a'], held: ['ses_a'] }, 2],
  ['it names a session that is not held', { slots: 3, said: 3, named: ['ses_a'] }, 2],
  ['both name another one, and it says too many', { slots: 3, said: 9, named: ['ses_a'], held: ['ses_b'] }, 1],
  ['both counts are below nothing', { slots: 1, said: 0, named: ['ses_a'], held: ['ses_b'] }, 0],
  ['it drains', { slots: 3, draining: true }, 0],
])('[FLT3] the smaller count of free slots is right where %s', (_what, facts, free) => {
  expect(freeSlots(node(facts))).toBe(free)
})

it('[FLT3] a node that is not here has no slot', () => {
  expect(freeSlots({ presence: { type: 'away', until: 1 }, held: new Set() })).toBe(0)
})

it('[FLT2] of equal nodes the one with the lowest id is chosen, whichever came first', () => {
  const [a, b, c] = [node({ slots: 2 }), node({ slots: 2 }), node({ slots: 1 })]
  expect(chooseNode(fleet(['nod_a', a], ['nod_b', b], ['nod_c', c]), new Set())).toBe('nod_a')
  expect(chooseNode(fleet(['nod_c', c], ['nod_b', b], ['nod_a', a]), new Set())).toBe('nod_a')
  expect(chooseNode(fleet(['nod_a', c], ['nod_b', b]), new Set())).toBe('nod_b')
  expect(chooseNode(fleet(['nod_b', b], ['nod_a', a]), new Set(['nod_a']))).toBe('nod_b')
  expect(chooseNode(fleet(['nod_a', node({ slots: 1, said: 0 })]), new Set())).toBeUndefined()
})

it('[ADM5] a node refuses for its reason only while it has a slot, is here and does not drain', () => {
  const full = node({ slots: 1, named: ['ses_a'], refusing: 'vram' })
  expect(refusingIn(fleet(['nod_a', full]), {})).toBeUndefined()
  expect(refusingIn(fleet(['nod_a', full], ['nod_b', node({ slots: 1, refusing: 'llmQueue' })]), {})).toBe('llmQueue')
  expect(refusingIn(fleet(['nod_a', node({ slots: 1, refusing: 'vram', draining: true })]), {})).toBeUndefined()
  expect(refusingIn(fleet(['nod_a', { presence: { type: 'lost' }, held: new Set() }]), { llm: 'x' })).toBeUndefined()
  expect(refusingIn(fleet(['nod_a', node({ slots: 1 })]), { llm: 'x' })).toBe('engines')
})
