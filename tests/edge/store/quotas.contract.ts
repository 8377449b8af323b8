// The contract of quotas as the Store keeps them, run against each database that can stand behind it.
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { KeyLimits } from '#shared/model/caller.ts'
import type { Metering, QuotaStanding } from '#edge/store/quotas.ts'
import { FIRST_HOLD, UNMETERED } from '#edge/store/quotas.ts'
import { faultOf } from '#shared/fault.ts'
import { newId, type ConversationId, type SessionId, type UserId } from '#shared/ids.ts'
import type { Quota } from '#shared/model/quota.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import type { OpenStore } from './store.contract.ts'

const NOON = Date.UTC(2026, 10, 1, 12)
const MIDNIGHT = Date.UTC(2026, 10, 2)
const DAY_MS = 24 * 60 * 60_000

const OPEN = { type: 'open' as const }
const ofTokens = (tokens: number) => ({ promptTokens: tokens, completionTokens: 0, inputAudioMs: 0, outputAudioMs: 0 })
const house = (quotas: Partial<Metering['quotas']>, prices: Metering['prices'] = {}): Metering => ({
  quotas: { ...UNMETERED.quotas, ...quotas },
  prices,
})
const refusedFor = (quota: string) => ({ fault: { code: 'quota_exhausted', quota } })

function unlessExhausted(error: unknown): undefined {
  if (faultOf(error).code !== 'quota_exhausted') throw error
}

export function quotasContract(name: string, open: (metering?: Metering) => Promise<OpenStore>): void {
  describe(`quotas: ${name}`, () => {
    let opened: OpenStore
    afterEach(() => opened.close())
    const start = async (metering?: Metering) => {
      opened = await open(metering)
      return newUser()
    }
    async function newUser(): Promise<UserId> {
      const { keyId } = await opened.store.keys.createKey({ name: 'test', scopes: ['talk'], now: NOON })
      return (await opened.store.keys.callerById(keyId, NOON))?.userId ?? 'usr_none'
    }
    interface Live {
      sessionId: SessionId
      conversationId: ConversationId
      near: Quota[]
    }
    const openSession = async (
      userId: UserId,
      facts: { conversationId?: ConversationId; limits?: KeyLimits; now?: number } = {},
    ): Promise<Live> => {
      const { conversationId, limits, now = NOON } = facts
      const opening = {
        sessionId: newId('session'),
        userId,
        conversationId,
        personaId: 'per_default',
        limits,
        now,
      } as const
      return { ...(await opened.store.sessions.openSession(opening)), sessionId: opening.sessionId }
    }
    const storeTurn = ({ sessionId, conversationId }: Live, record: TurnRecord, now = NOON) =>
      opened.store.turns.storeTurn({ sessionId, conversationId, record, now })
    const spend = (live: Live, tokens: number, startedAt = NOON) =>
      storeTurn(live, turnRecord({ startedAt, usage: ofTokens(tokens) }), startedAt)
    const end = ({ sessionId }: Live) =>
      opened.store.sessions.ended({ sessionId, reason: 'caller', lastTurn: 0, now: NOON })
    const tokensOf = async (userId: UserId, now = NOON) => (await opened.store.quotas.meters(userId, {}, now))[1]
    const conversations = async (userId: UserId) =>
      (await opened.store.history.listConversations(userId, { limit: 100 })).length

    it('[QUO1] of twenty sessions that a user opens at once as many open as he may have; no other leaves a trace', async () => {
      const userId = await start(house({ sessions: 3 }))
      const tried = await Promise.allSettled(Array.from({ length: 20 }, () => openSession(userId)))
      const won = tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      expect(won).toHaveLength(3)
      for (const one of tried) if (one.status === 'rejected') expect(one.reason).toMatchObject(refusedFor('sessions'))
      expect(await conversations(userId)).toBe(3)
      await openSession(await newUser())
      for (const live of won) await end(live)
      await openSession(userId)
    })

    it('[QUO2] the limits of a key count in place of the house’s', async () => {
      const userId = await start(house({ sessions: 1, tokensPerDay: 1 }))
      const limits = { sessions: 2, tokensPerDay: 1_000_000 }
      const first = await openSession(userId, { limits })
      expect(await spend(first, 500)).toEqual({ near: [], exhausted: undefined })
      await openSession(userId, { limits })
      await expect(openSession(userId, { limits })).rejects.toMatchObject(refusedFor('sessions'))
      await expect(openSession(userId, { limits: { sessions: 0 } })).rejects.toMatchObject(refusedFor('sessions'))
    })

    it.each(['tokens', 'audioMs'] as const)(
      '[QUO3] most of the day’s %s is told as near, and all of it ends the day: until midnight nothing opens',
      async (quota) => {
        const userId = await start(house({ tokensPerDay: 10_000, audioMsPerDay: 10_000 }))
        const live = await openSession(userId)
        const turnOf = (amount: number) =>
          quota === 'tokens' ? ofTokens(amount) : { ...ofTokens(0), inputAudioMs: amount - 100, outputAudioMs: 100 }
        const used = (amount: number) => storeTurn(live, turnRecord({ startedAt: NOON, usage: turnOf(amount) }))
        expect(await used(7_999)).toEqual({ near: [], exhausted: undefined })
        expect(await used(100)).toEqual({ near: [quota], exhausted: undefined })
        const fault = { code: 'quota_exhausted', quota, resetAt: MIDNIGHT, retryAfterMs: MIDNIGHT - NOON }
        expect(await used(1_901)).toEqual({ near: [quota], exhausted: fault })
        await end(live)
        await expect(openSession(userId)).rejects.toMatchObject({ fault })
        expect(await conversations(userId)).toBe(1)
        await openSession(userId, { now: MIDNIGHT })
      },
    )

    it('[QUO4] a turn that comes twice is counted once; one that comes after the end is counted and holds nothing', async () => {
      const userId = await start(house({ tokensPerDay: 10_000 }))
      const live = await openSession(userId)
      const record = turnRecord({ startedAt: NOON, usage: ofTokens(6_000) })
      const once = await storeTurn(live, record)
      expect(await storeTurn(live, record)).toEqual(once)
      expect(once).toEqual({ near: [], exhausted: undefined })
      await end(live)
      expect(await spend(live, 3_000)).toBeUndefined()
      expect(await tokensOf(userId)).toMatchObject({ used: 9_000, held: 0, max: 10_000 })
      expect([live.near, (await openSession(userId)).near]).toEqual([[], ['tokens']])
    })

    it('[QUO5] a session holds what its next turn may use, as much as its largest did, until it ends', async () => {
      const userId = await start(house({ tokensPerDay: 11_000 }))
      const first = await openSession(userId)
      const second = await openSession(userId)
      expect((await tokensOf(userId))?.held).toBe(2 * FIRST_HOLD.tokens)
      await end(second)
      await spend(first, 6_000)
      await expect(openSession(userId)).rejects.toMatchObject(refusedFor('tokens'))
      await end(first)
      const third = await openSession(userId)
      await opened.store.sessions.endAllLive(NOON)
      const fourth = await openSession(userId)
      await opened.store.sessions.sweep({ openedBefore: NOON + 1, now: NOON })
      expect(await tokensOf(userId)).toMatchObject({ used: 6_000, held: 0 })
      for (const live of [third, fourth]) expect(await spend(live, 1)).toBeUndefined()
    })

    it('[QUO6] however sessions open, talk and end at once, a day is passed by less than one turn may use', async () => {
      await start()
      const which = fc.nat(3)
      const tokens = fc.oneof(fc.constant(FIRST_HOLD.tokens), fc.integer({ min: 1, max: FIRST_HOLD.tokens }))
      const action = fc.oneof(
        { weight: 2, arbitrary: fc.constant(OPEN) },
        { weight: 6, arbitrary: fc.record({ type: fc.constant('turn' as const), which, tokens }) },
        { weight: 1, arbitrary: fc.record({ type: fc.constant('end' as const), which }) },
        { weight: 1, arbitrary: fc.record({ type: fc.constant('again' as const), which }) },
      )
      const atOnce = fc.array(action, { minLength: 1, maxLength: 6 })
      await fc.assert(
        fc.asyncProperty(fc.array(atOnce, { maxLength: 8 }), fc.integer({ min: 0, max: 20_000 }), async (more, max) => {
          const userId = await newUser()
          const limits = { tokensPerDay: max, sessions: 10 }
          const sessions: Array<{ live: Live; last?: TurnRecord; isOver: boolean }> = []
          /** Counted after its session's end, when nothing was held for it any more. */
          let late = 0
          for (const step of [[OPEN, OPEN], [OPEN], ...more]) {
            const busy = new Set<object>()
            await Promise.all(
              step.map(async (one) => {
                if (one.type === 'open') {
                  const live = await openSession(userId, { limits }).catch(unlessExhausted)
                  if (live) sessions.push({ live, isOver: false })
                  return
                }
                const session = sessions[one.which]
                if (!session) return
                if (one.type === 'end') {
                  session.isOver = true
                  return end(session.live)
                }
                if (one.type === 'again') return session.last && void (await storeTurn(session.live, session.last))
                // One turn at a time, and none after the session was told that there is nothing left.
                if (busy.has(session) || session.isOver) return
                busy.add(session)
                session.last = turnRecord({ startedAt: NOON, usage: ofTokens(one.tokens) })
                const standing: QuotaStanding | undefined = await storeTurn(session.live, session.last)
                if (session.isOver) late += one.tokens
                if (standing?.exhausted) {
                  session.isOver = true
                  await end(session.live)
                }
              }),
            )
            const { promptTokens } = await opened.usageOf(userId)
            expect(promptTokens - late).toBeLessThan(max + FIRST_HOLD.tokens)
          }
        }),
        { numRuns: 40 },
      )
    }, 120_000)

    it('[QUO7] over midnight a session draws on the new day from its first turn of that day', async () => {
      const userId = await start(house({ tokensPerDay: 10_000 }))
      const before = MIDNIGHT - 60_000
      const live = await openSession(userId, { now: before })
      expect(await spend(live, 9_000, before)).toMatchObject({ near: ['tokens'] })
      expect(await spend(live, 500, MIDNIGHT)).toEqual({ near: [], exhausted: undefined })
      expect(await tokensOf(userId, before)).toMatchObject({ used: 9_000, held: 0 })
      expect(await tokensOf(userId, MIDNIGHT)).toMatchObject({ used: 500, held: 9_000 })
      expect(await spend(live, 9_500, MIDNIGHT + 1)).toMatchObject({ exhausted: { resetAt: MIDNIGHT + DAY_MS } })
    })

    it('[QUO8] what is another user’s is not_found and what is in use is a conflict, also where nothing is left', async () => {
      const userId = await start(house({ sessions: 1 }))
      const live = await openSession(userId)
      const { conversationId } = live
      const again = openSession(userId, { conversationId })
      await expect(again).rejects.toMatchObject({ fault: { code: 'conflict', id: conversationId } })
      const stranger = await newUser()
      const theirs = await openSession(stranger)
      await expect(openSession(userId, theirs)).rejects.toMatchObject({ fault: { code: 'not_found' } })
      await end(theirs)
      await end(live)
      await openSession(userId)
      await expect(openSession(userId, { conversationId })).rejects.toMatchObject(refusedFor('sessions'))
    })

    it('[QUO9] a turn costs by the prices of its engines; a day’s ceiling is the user’s, and the service’s', async () => {
      const prices = { 'scripted@1': { perThousandTokens: 2 }, tts: { perMinute: 1 } }
      const userId = await start(house({ costMicrosPerDay: 10_000_000, serviceCostMicrosPerDay: 12_000_000 }, prices))
      const live = await openSession(userId)
      const engines = { stt: 'whisper@3', llm: 'scripted@1', tts: 'flite@2' }
      const usage = { promptTokens: 500, completionTokens: 500, inputAudioMs: 60_000, outputAudioMs: 60_000 }
      const record = turnRecord({ startedAt: NOON, engines, usage })
      expect(await storeTurn(live, { ...record, status: 'cut', usage: ofTokens(0) })).toEqual({ near: [] })
      expect(await storeTurn(live, record)).toEqual({ near: [] })
      const today = { from: '2026-11-01', to: '2026-11-01' }
      expect(await opened.store.quotas.usage(userId, today)).toMatchObject([{ turns: 1, costMicros: 3_000_000 }])
      const dear = () => turnRecord({ startedAt: NOON, engines, usage: ofTokens(3_500) })
      expect(await storeTurn(live, dear())).toMatchObject({ exhausted: { quota: 'cost' } })
      await end(live)
      // 10 of 10 for this user, 10 of 12 for all.
      await expect(openSession(userId)).rejects.toMatchObject(refusedFor('cost'))
      const stranger = await openSession(await newUser())
      expect(await storeTurn(stranger, dear())).toMatchObject({ exhausted: { quota: 'serviceCost' } })
      await end(stranger)
      await expect(openSession(await newUser())).rejects.toMatchObject(refusedFor('serviceCost'))
    })
  })
}
