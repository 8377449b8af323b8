// Quotas as callers meet them in whole calls: told before the end, a last turn that is finished, and a door that stays closed.
import { describe, expect, vi } from 'vitest'
import { CHAT_PROTOCOL, TICKET_PREFIX } from '#shared/protocol/version.ts'
import { ScriptedCaller } from '#tests/fakes/scripted-caller.ts'
import { it } from './call-test.ts'
import type { CallWorld } from './call-world.ts'

const tokensOf = ({ usage }: { usage: { promptTokens: number; completionTokens: number } }): number =>
  usage.promptTokens + usage.completionTokens

/** What the scripted engines use for the first turn of a conversation. */
async function firstTurnTokens(world: CallWorld): Promise<number> {
  const caller = await world.caller()
  const { conversationId } = await caller.ready()
  caller.write('hello')
  await caller.next('reply.done')
  await caller.client.end()
  return vi.waitFor(
    async () => {
      const [turn] = (await world.conversation(conversationId)).turns
      if (!turn) throw new Error('not stored yet')
      return tokensOf(turn)
    },
    { timeout: 10_000 },
  )
}

describe.concurrent('quotas', () => {
  it('[QUO11] are told at 80 % and at 100 %, with the turn finished; then the session ends and no other begins', async ({
    start,
  }) => {
    const world = await start({ nodes: [{ slots: 3 }] })
    const tokensPerDay = Math.ceil((await firstTurnTokens(world)) / 0.85)
    const key = await world.newKey(undefined, { tokensPerDay })
    const caller = await world.caller({ key })
    await caller.ready()
    caller.write('hello')
    expect(await caller.next('reply.done')).toMatchObject({ status: 'complete' })
    expect(await caller.next('session.notice')).toMatchObject({ notice: 'limitNear', detail: 'tokens 80' })
    caller.write('and again')
    expect(await caller.next('reply.done')).toMatchObject({ status: 'complete' })
    expect(await caller.next('session.notice')).toMatchObject({ notice: 'limitNear', detail: 'tokens 100' })
    const midnight = new Date().setUTCHours(24, 0, 0, 0)
    const fault = await caller.next('fault')
    expect(fault).toMatchObject({ code: 'quota_exhausted', quota: 'tokens', resetAt: midnight })
    expect(fault.retryAfterMs).toBeLessThanOrEqual(midnight - Date.now() + 60_000)
    expect(await caller.next('session.ended')).toMatchObject({ reason: 'fault' })
    expect(await caller.states.next('ended')).toMatchObject({ detail: 'quota_exhausted' })

    const again = await world.caller({ key })
    expect(await again.next('fault')).toMatchObject({ code: 'quota_exhausted', quota: 'tokens', resetAt: midnight })
    expect(await again.states.next('ended')).toMatchObject({ detail: 'quota_exhausted' })
    const other = await world.caller({ key: await world.newKey() })
    await other.ready()
  })

  it('[QUO12] let a user talk in five sessions and refuse the sixth, until one ends', async ({ start }) => {
    const world = await start({ nodes: [{ slots: 8 }] })
    const callers = await Promise.all(Array.from({ length: 5 }, () => world.caller()))
    await Promise.all(callers.map((caller) => caller.ready()))
    const sixth = await world.caller()
    expect(await sixth.next('fault')).toMatchObject({ code: 'quota_exhausted', quota: 'sessions' })
    expect(await sixth.states.next('ended')).toMatchObject({ detail: 'quota_exhausted' })
    const stranger = await world.caller({ key: await world.newKey() })
    await stranger.ready()
    expect(await world.conversations()).toHaveLength(5)
    await callers[0]?.client.end()
    const seventh = await world.caller()
    await seventh.ready()
  })

  it('[QUO12] are those of the key, whether a caller brings it or what came of it', async ({ start }) => {
    const world = await start()
    const key = await world.newKey(undefined, { sessions: 1 })
    const post = async (path: string) => {
      const init = { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: '{}' }
      return (await (await fetch(world.edge.url + path, init)).json()) as { ticket: string; value: string }
    }
    const secrets = [(await post('/api/tickets')).ticket, (await post('/v1/realtime/client_secrets')).value]
    const callers: ScriptedCaller[] = []
    const dial = async (headers: Record<string, string>, protocols: string[]) => {
      const caller = new ScriptedCaller(world.edge.url.replace('http', 'ws'))
      callers.push(caller)
      await caller.connect(headers, [CHAT_PROTOCOL, ...protocols])
      caller.sendRaw('{"type":"session.start"}')
      return caller
    }
    const first = await dial({ authorization: `Bearer ${key}` }, [])
    await first.heard.next('session.ready')
    for (const secret of secrets) {
      const caller = await dial({}, [TICKET_PREFIX + secret])
      expect(await caller.heard.next('fault')).toMatchObject({ code: 'quota_exhausted', quota: 'sessions' })
    }
    for (const caller of callers) caller.close()
  })
})
