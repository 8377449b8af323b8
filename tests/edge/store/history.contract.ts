// The contract of what is found, counted, judged and deleted of what was said, run against each database.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '#edge/store/store.ts'
import { newId, type ConversationId, type SessionId, type UserId } from '#shared/ids.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'

interface OpenStore {
  store: Store
  close(): Promise<void>
}

const NOW = Date.UTC(2026, 10, 5, 12)
const DAY_MS = 24 * 60 * 60_000

export function historyContract(name: string, open: () => Promise<OpenStore>): void {
  describe(`history: ${name}`, () => {
    let opened: OpenStore
    let store: Store
    let anna: UserId
    let ben: UserId
    beforeEach(async () => {
      opened = await open()
      store = opened.store
      anna = await newUser()
      ben = await newUser()
    })
    afterEach(() => opened.close())

    async function newUser(): Promise<UserId> {
      const { keyId } = await store.keys.createKey({ name: 'test', scopes: ['talk'], now: NOW })
      const caller = await store.keys.callerById(keyId, NOW)
      if (!caller) throw new Error('the key that was just made is not known')
      return caller.userId
    }

    async function talk(
      userId: UserId,
      said: Array<Partial<TurnRecord>>,
      { now = NOW, isLive = false } = {},
    ): Promise<{ conversationId: ConversationId; sessionId: SessionId; turns: TurnRecord[] }> {
      const sessionId = newId('session')
      const opening = { sessionId, userId, conversationId: undefined, personaId: 'per_default', now } as const
      const { conversationId } = await store.sessions.openSession(opening)
      const turns = said.map((facts, at) => turnRecord({ turn: at + 1, startedAt: now + at, ...facts }))
      for (const record of turns) await store.turns.storeTurn({ sessionId, conversationId, record, now: now + 1 })
      if (!isLive) await store.sessions.ended({ sessionId, reason: 'caller', lastTurn: 0, now })
      return { conversationId, sessionId, turns }
    }
    const found = async (query: string, owner: UserId = anna) =>
      (await store.history.search(owner, query, 20)).map(({ text }) => text)

    it('[HIS1] words are found in what was said and what was answered, by their beginning, in any case and width', async () => {
      await talk(anna, [
        { utteranceText: 'Tell me about Lighthouses', replyText: 'They warn ships.' },
        { utteranceText: 'and the weather', replyText: 'It rains in Ｔａｉｐｅｉ.' },
      ])
      expect(await found('lighthouse')).toEqual(['Tell me about Lighthouses'])
      expect(await found('WARN sh')).toEqual(['They warn ships.'])
      expect(await found('taipei')).toEqual(['It rains in Ｔａｉｐｅｉ.'])
      for (const none of ['house', 'thunder', '…', '" OR owner:*', 'NOT']) expect(await found(none)).toEqual([])
    })

    it('[HIS2] one Chinese character is found as well as a phrase; Simplified finds Traditional and the reverse', async () => {
      await talk(anna, [
        { utteranceText: '今天天氣怎麼樣？', replyText: '台北下雨。' },
        { utteranceText: '请打开电脑', replyText: '好的，已經打開 iPhone 了。' },
      ])
      expect(await found('氣')).toEqual(['今天天氣怎麼樣？'])
      expect(await found('天气')).toEqual(['今天天氣怎麼樣？'])
      expect(await found('電腦')).toEqual(['请打开电脑'])
      expect(await found('打開iph')).toEqual(['请打开电脑'])
      expect(await found('天樣')).toEqual([])
    })

    it('[HIS3] a hit says where in its line the words are', async () => {
      await talk(anna, [{ utteranceText: '我想學👋電腦 and 電腦', replyText: '' }])
      const [hit] = await store.history.search(anna, '电脑', 5)
      expect(hit?.hits.map(([from, to]) => hit.text.slice(from, to))).toEqual(['電腦', '電腦'])
    })

    it('[HIS4] a short query has the newest first, a longer one the best', async () => {
      await talk(anna, [{ utteranceText: '海海海', replyText: '' }])
      await talk(anna, [{ utteranceText: '海邊', replyText: '很遠' }], { now: NOW + 10 })
      expect(await found('海')).toEqual(['海邊', '海海海'])
      await talk(anna, [{ utteranceText: 'whale whale whale', replyText: '' }])
      await talk(anna, [{ utteranceText: 'a whale among many other things', replyText: 'swims far away' }])
      expect(await found('whale')).toEqual(['whale whale whale', 'a whale among many other things'])
    })

    it('[HIS5] nobody finds, reads, judges or deletes what another said; an operator does', async () => {
      const { conversationId, turns } = await talk(anna, [{ utteranceText: 'secret garden', replyText: 'yes' }])
      const turn = turns[0]?.turn ?? 0
      expect(await found('secret', ben)).toEqual([])
      expect(await store.history.conversation(ben, conversationId)).toBeUndefined()
      expect(await store.history.listConversations(ben, { limit: 9, text: 'secret' })).toEqual([])
      expect(await store.edits.turnId(ben, conversationId, turn)).toBeUndefined()
      expect(await store.edits.deleteConversation(ben, conversationId)).toBe('unknown')
      expect(await store.history.search('everybody', 'secret', 9)).toHaveLength(1)
      expect(await store.edits.turnId('everybody', conversationId, turn)).toBe(turns[0]?.id)
    })

    it('[HIS5] users whose ids differ by little find their own', async () => {
      const names = ['usr_anna_b', 'usr_annab', 'usr_annaz1b', 'usr_anna0b', 'usr_annazb'] as const
      for (const userId of names) {
        await store.keys.createKey({ name: 'test', scopes: ['talk'], userId, now: NOW })
        await talk(userId, [{ utteranceText: `pineapple of ${userId.slice(4)}` }])
      }
      for (const userId of names) expect(await found('pineapple', userId)).toEqual([`pineapple of ${userId.slice(4)}`])
    })

    it('[HIS6] a list is filtered by persona, time and words, and goes on after those of the same moment', async () => {
      const one = await talk(anna, [{ utteranceText: 'blue whale' }])
      const two = await talk(anna, [{ utteranceText: 'red fox' }], { now: NOW + DAY_MS })
      const three = await talk(anna, [{ utteranceText: 'grey whale' }], { now: NOW + DAY_MS })
      const ids = async (query: object) =>
        (await store.history.listConversations(anna, { limit: 9, ...query })).map(({ id }) => id)
      const sameTime = [two.conversationId, three.conversationId].toSorted().toReversed()
      expect(await ids({})).toEqual([...sameTime, one.conversationId])
      expect(await ids({ text: 'whale' })).toEqual([three.conversationId, one.conversationId])
      expect(await ids({ text: '!' })).toEqual([])
      expect(await ids({ to: NOW + DAY_MS })).toEqual([one.conversationId])
      expect(await ids({ from: NOW + DAY_MS, text: 'fox' })).toEqual([two.conversationId])
      expect(await ids({ personaId: 'per_other' })).toEqual([])
      const [first] = await store.history.listConversations(anna, { limit: 1 })
      expect(await ids({ before: first })).toEqual([sameTime[1], one.conversationId])
    })

    it('[HIS7] turns are read page by page, the newest page first', async () => {
      const { conversationId, turns } = await talk(
        anna,
        Array.from({ length: 5 }, () => ({})),
      )
      const newest = await store.history.conversation(anna, conversationId, { limit: 2 })
      const older = await store.history.conversation(anna, conversationId, { limit: 9, before: newest?.turns[0] })
      expect([...(older?.turns ?? []), ...(newest?.turns ?? [])]).toEqual(turns)
    })

    it('[HIS8] a day’s turns, minutes, tokens and latencies are counted', async () => {
      const usage = { promptTokens: 10, completionTokens: 5, inputAudioMs: 1_000, outputAudioMs: 2_000 }
      const spoken = (voiceToVoiceMs: number | null) => ({
        usage,
        timings: { ...turnRecord().timings, voiceToVoiceMs },
      })
      await talk(anna, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, null].map(spoken))
      await talk(anna, [spoken(null)], { now: NOW - DAY_MS })
      await talk(ben, [spoken(1)])
      expect(await store.history.stats(anna, { from: '2026-11-01', to: '2026-11-05' })).toEqual([
        {
          day: '2026-11-05',
          turns: 11,
          inputAudioMs: 11_000,
          outputAudioMs: 22_000,
          promptTokens: 110,
          completionTokens: 55,
          latencyMs: { p50: 50, p95: 100 },
        },
        expect.objectContaining({ day: '2026-11-04', turns: 1, latencyMs: null }),
      ])
      expect(await store.history.stats(anna, { from: '2026-11-06', to: '2026-11-07' })).toEqual([])
    })

    it('[HIS9] a corrected turn is found by its new words and not by the old', async () => {
      const { conversationId, turns } = await talk(anna, [{ utteranceText: 'a wail', replyText: 'Big.' }])
      const turnId = turns[0]?.id ?? 'trn_none'
      await store.turns.correctTurn({ conversationId, turnId }, 'a whale', NOW)
      expect([await found('whale'), await found('wail')]).toEqual([['a whale'], []])
    })

    it('[HIS10] of a deleted conversation nothing is left; a live one is not deleted', async () => {
      const { conversationId, turns } = await talk(anna, [{ utteranceText: 'forget this' }])
      await store.edits.setFeedback(turns[0]?.id ?? 'trn_none', { vote: 'up', comment: 'good' }, NOW)
      const live = await talk(anna, [{ utteranceText: 'keep this' }], { isLive: true })
      expect(await store.edits.deleteConversation(anna, live.conversationId)).toBe('live')
      expect(await store.edits.deleteConversation(anna, conversationId)).toEqual([])
      expect(await store.edits.deleteConversation(anna, conversationId)).toBe('unknown')
      expect(await store.history.conversation(anna, conversationId)).toBeUndefined()
      expect([await found('forget'), await found('keep')]).toEqual([[], ['keep this']])
      expect(await store.edits.feedback(turns[0]?.id ?? 'trn_none')).toBeUndefined()
    })

    it('[HIS11] of a deleted user nothing is left but revoked keys without a name, and others lose nothing', async () => {
      const mine = await talk(anna, [{ utteranceText: 'my secret' }], { isLive: true })
      await talk(anna, [{ utteranceText: 'long ago' }], { now: NOW - DAY_MS })
      await talk(ben, [{ utteranceText: 'his secret' }])
      await store.edits.leave(anna, { now: NOW })
      while (!(await store.edits.deleteSaid(anna, { before: NOW, limit: 1 })).isDone);
      expect(await store.history.listConversations(anna, { limit: 9 })).toEqual([])
      expect(await found('secret')).toEqual([])
      const used = () => store.quotas.usage(anna, { from: '2026-11-01', to: '2026-11-30' })
      // Who leaves and comes again has no other day's quotas.
      expect(await used()).toMatchObject([{ day: '2026-11-05', turns: 1 }])
      const sweepAt = (now: number) => store.sessions.sweep({ openedBefore: 0, now })
      await sweepAt(NOW)
      expect(await used()).toHaveLength(1)
      await sweepAt(NOW + DAY_MS)
      expect(await used()).toEqual([])
      expect(await store.quotas.usage(ben, { from: '2026-11-01', to: '2026-11-30' })).toHaveLength(1)
      expect(await store.keys.listKeys(anna)).toMatchObject([{ name: 'deleted', revokedAt: NOW }])
      expect(await found('secret', ben)).toEqual(['his secret'])
      const late = { ...mine, record: turnRecord(), now: NOW }
      await expect(store.turns.storeTurn(late)).rejects.toMatchObject({ fault: { code: 'not_found' } })
    })

    it('[HIS12] feedback on a reply is kept once, the last word counts', async () => {
      const { turns } = await talk(anna, [{}])
      const turnId = turns[0]?.id ?? 'trn_none'
      await store.edits.setFeedback(turnId, { vote: 'up', comment: null }, NOW)
      await store.edits.setFeedback(turnId, { vote: 'down', comment: 'wrong' }, NOW)
      expect(await store.edits.feedback(turnId)).toEqual({ vote: 'down', comment: 'wrong' })
    })
  })
}
