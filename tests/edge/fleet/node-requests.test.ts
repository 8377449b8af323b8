// Questions of the edge to a node, as data alone: answered once, by the one that was asked, and never for ever.
import { describe, expect, it } from 'vitest'
import { NodeRequests } from '#edge/fleet/node-requests.ts'
import type { EdgeControlMessage } from '#shared/protocol/node-messages.ts'

const ASKED = { nodeId: 'nod_one', method: 'models.list', deadlineMs: 1_000 } as const

describe('requests to nodes', () => {
  const ask = (requests: NodeRequests, now = 0) => {
    const sent: EdgeControlMessage[] = []
    const answer = requests.ask(ASKED, now, (message) => sent.push(message))
    // Looked at by each test in its own time.
    answer.catch(() => {})
    const [message] = sent
    return { answer, id: message?.type === 'request' ? message.id : '' }
  }
  const response = (id: string, more: object) => ({ type: 'response' as const, id, ...more })

  it('[REQ1] a request is answered once, by its node and by its id', async () => {
    const requests = new NodeRequests()
    const { answer, id } = ask(requests)
    requests.answered('nod_other', response(id, { result: 'wrong' }))
    requests.answered('nod_one', response('msg_other', { result: 'wrong' }))
    requests.answered('nod_one', response(id, { result: [1] }))
    requests.answered('nod_one', response(id, { result: 'late' }))
    expect(await answer).toEqual([1])
    expect(requests.deadline).toBeUndefined()
  })

  it('[REQ2] a node’s fault is told by its code, without its facts', async () => {
    const requests = new NodeRequests()
    const fault = (code: string) => ({ fault: { type: 'fault' as const, code, message: 'inside', id: 'inside' } })
    const cases = [
      ['not_found', { code: 'not_found', kind: 'engine', id: 'models.list' }],
      ['invalid_message', { code: 'invalid_message' }],
      ['internal', { code: 'unavailable' }],
      ['nonsense', { code: 'unavailable' }],
    ] as const
    for (const [code, told] of cases) {
      const { answer, id } = ask(requests)
      requests.answered('nod_one', response(id, fault(code)))
      await expect(answer).rejects.toMatchObject({ fault: told })
    }
  })

  it('[REQ3] it ends with its time, and with its node', async () => {
    const requests = new NodeRequests()
    const { answer } = ask(requests, 10)
    expect(requests.deadline).toBe(1_010)
    requests.expire(1_009)
    requests.expire(1_010)
    await expect(answer).rejects.toMatchObject({ fault: { code: 'deadline_exceeded', limitMs: 1_000 } })
    const lost = ask(requests)
    requests.lost('nod_other')
    requests.lost('nod_one')
    await expect(lost.answer).rejects.toMatchObject({ fault: { code: 'node_lost' } })
  })

  it('[REQ4] no more than 200 are open at a time', async () => {
    const requests = new NodeRequests()
    for (let at = 0; at < 200; at += 1) ask(requests)
    await expect(ask(requests).answer).rejects.toMatchObject({ fault: { code: 'unavailable' } })
  })
})
