// What a person is shown of a session: message by message, from nothing to a conversation.
import { describe, expect, it } from 'vitest'
import { emptyView, reduceView, type ConversationView } from '#shared/client/conversation-view.ts'
import type { TurnId } from '#shared/ids.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { doneMessage, readyMessage, type Down } from './messages.ts'

const ONE: TurnId = 'trn_one'
const TWO: TurnId = 'trn_two'

const see = (messages: ChatDown[], from: ConversationView = emptyView): ConversationView =>
  messages.reduce(reduceView, from)

const started = (turnId: TurnId): ChatDown => ({ type: 'utterance.started', seq: 1, turnId, turn: 1, atSample: 0 })
const partial = (turnId: TurnId, text: string): ChatDown => ({ type: 'transcript.partial', seq: 1, turnId, text })
const ended = (turnId: TurnId, reason: Down<'utterance.ended'>['reason'] = 'silence'): ChatDown => ({
  type: 'utterance.ended',
  seq: 1,
  turnId,
  atSample: 1,
  reason,
})
const final = (turnId: TurnId, text: string): ChatDown => ({
  type: 'transcript.final',
  seq: 1,
  turnId,
  text,
  language: 'en',
})
const replied = (turnId: TurnId, text: string): ChatDown => ({
  type: 'reply.text',
  seq: 1,
  turnId,
  text,
  startSample: 0,
})
const paused = (turnId: TurnId): ChatDown => ({ type: 'reply.paused', seq: 1, turnId })
const resumed = (turnId: TurnId): ChatDown => ({ type: 'reply.resumed', seq: 1, turnId })

const SPOKEN = [started(ONE), partial(ONE, 'what'), ended(ONE), final(ONE, 'what time is it')]

describe('a turn', () => {
  it('[VIEW1] grows: the utterance while it is heard, then for good, then the reply piece by piece, then how it ended', () => {
    expect(see([started(ONE), partial(ONE, 'what')]).turns).toEqual([
      { turnId: ONE, utterance: 'what', partial: true, reply: '', heard: undefined, status: undefined },
    ])
    const speaking = see([...SPOKEN, replied(ONE, 'It is '), replied(ONE, 'noon.')])
    expect(speaking.turns).toMatchObject([{ utterance: 'what time is it', partial: false, reply: 'It is noon.' }])
    const over = see(
      [doneMessage(ONE, { status: 'interrupted', replyText: 'It is noon. Lunch?', heardText: 'It is' })],
      speaking,
    )
    expect(over.turns).toMatchObject([{ reply: 'It is noon. Lunch?', heard: 'It is', status: 'interrupted' }])
  })

  it('[VIEW1] by text has no partial transcript, and a correction changes what was said', () => {
    const view = see([
      final(ONE, 'wreck a nice beach'),
      { type: 'transcript.corrected', seq: 2, turnId: ONE, text: 'recognise speech' },
    ])
    expect(view.turns).toMatchObject([{ utterance: 'recognise speech', partial: false }])
  })

  it.each(['noSpeech', 'cleared'] as const)('[VIEW2] in which nothing was said (%s) leaves no trace', (reason) => {
    const view = see([...SPOKEN, doneMessage(ONE), started(TWO), ended(TWO, reason)])
    expect(view.turns.map(({ turnId }) => turnId)).toEqual([ONE])
    expect(view.activity).toBe('idle')
  })

  it('[VIEW2] is one of at most 200, and a notice one of at most 20', () => {
    const turns = Array.from({ length: 250 }, (_, i) => final(`trn_${i}`, `${i}`))
    const notices = Array.from({ length: 30 }, (): ChatDown => ({ type: 'session.notice', seq: 1, notice: 'degraded' }))
    const view = see([...turns, ...notices])
    expect([view.turns.length, view.turns[0]?.utterance, view.notices.length]).toEqual([200, '50', 20])
  })
})

describe('a session that is over or lost', () => {
  it('[VIEW5] leaves its open turns as far as they came', () => {
    const messages = [...SPOKEN, replied(ONE, 'It is'), started(TWO)]
    for (const last of [readyMessage(), { type: 'session.ended' as const, id: 'msg_1', reason: 'nodeLost' as const }])
      expect(see([...messages, last]).turns).toMatchObject([{ turnId: ONE, reply: 'It is', status: 'cut' }])
  })
})

describe('what is going on', () => {
  const cases: Array<[string, ChatDown[], ConversationView['activity']]> = [
    ['nothing yet', [readyMessage()], 'idle'],
    ['the caller speaks', [started(ONE)], 'hearing'],
    ['the utterance is over', SPOKEN, 'thinking'],
    ['a turn by text', [final(ONE, 'hello')], 'thinking'],
    [
      'the caller speaks again before he was transcribed',
      [...SPOKEN.slice(0, 3), started(TWO), final(ONE, 'what')],
      'hearing',
    ],
    ['the reply sounds', [...SPOKEN, replied(ONE, 'It')], 'speaking'],
    ['the caller speaks into it', [...SPOKEN, replied(ONE, 'It'), started(TWO), paused(ONE)], 'hearing'],
    [
      'which came to nothing',
      [...SPOKEN, replied(ONE, 'It'), started(TWO), paused(ONE), ended(TWO, 'noSpeech'), resumed(ONE)],
      'speaking',
    ],
    [
      'the same, told in the other order',
      [...SPOKEN, replied(ONE, 'It'), started(TWO), paused(ONE), resumed(ONE), ended(TWO, 'noSpeech')],
      'speaking',
    ],
    [
      'the reply is interrupted while he speaks on',
      [...SPOKEN, replied(ONE, 'It'), started(TWO), doneMessage(ONE, { status: 'interrupted' })],
      'hearing',
    ],
    ['the reply is over', [...SPOKEN, replied(ONE, 'It'), doneMessage(ONE)], 'idle'],
    ['another session took over', [...SPOKEN, readyMessage()], 'idle'],
    ['the session is over', [...SPOKEN, { type: 'session.ended', id: 'msg_1', reason: 'idle' }], 'idle'],
    [
      'a transcript is corrected long after',
      [...SPOKEN, doneMessage(ONE), { type: 'transcript.corrected', seq: 9, turnId: ONE, text: 'x' }],
      'idle',
    ],
  ]
  it.each(cases)('[VIEW3] %s', (_name, messages, activity) => {
    expect(see(messages).activity).toBe(activity)
  })

  it('[VIEW4] which quota is nearly used up, or quite', () => {
    const told = ['tokens 80', 'audioMs 100', 'of a later version'].map((detail): ChatDown => ({
      type: 'session.notice',
      id: 'm',
      notice: 'limitNear',
      detail,
    }))
    expect(see(told).notices).toEqual([
      'Most of your words for today are used.',
      expect.stringMatching(/^Your minutes for today are used up; .+ midnight \(UTC\)\.$/),
      'A limit is near.',
    ])
  })

  it('[VIEW4] who answers, with which engines, and what is worth a notice', () => {
    const engines = [{ role: 'stt' as const, name: 'pocketsphinx', version: '1', demonstration: true }]
    const view = see([
      readyMessage({ personaName: 'Ada', engines }),
      { type: 'session.notice', seq: 1, notice: 'voiceUnavailable' },
    ])
    expect(view).toMatchObject({ personaName: 'Ada', engines, notices: [expect.stringContaining('no voice')] })
  })

  it('[VIEW4] a message that shows nothing changes nothing', () => {
    const before = see(SPOKEN)
    expect(
      see(
        [
          { type: 'ack', received: 3 },
          { type: 'session.moved', id: 'msg_1', epoch: 2 },
        ],
        before,
      ),
    ).toEqual(before)
  })
})
