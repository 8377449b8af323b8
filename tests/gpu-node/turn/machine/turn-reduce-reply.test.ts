// The reducer by a table, state and event → state and effects: a reply, and what happens to it.
import { expect, test } from 'vitest'
import { LISTENING, reduce } from '#gpu-node/turn/machine/turn-reduce.ts'
import { A, B, closed, FAULT, interruptedA, OPTIONS, reply, speculating, utterance } from './turn-facts.ts'
import type { Row } from './turn-facts.ts'

const BARGE_IN = { status: 'interrupted', reason: 'bargeIn' } as const
const parting = (utterance: ReturnType<typeof closed>): ReturnType<typeof closed> => ({
  ...utterance,
  closed: { ...utterance.closed, outcome: BARGE_IN },
})

const ROWS: Row[] = [
  {
    when: 'the reply becomes audible',
    state: { type: 'thinking', reply, next: undefined },
    event: { type: 'replyAudible', reply },
    next: { type: 'speaking', reply, next: undefined },
    effects: [],
  },
  {
    when: 'another attempt becomes audible: void',
    state: { type: 'thinking', reply, next: undefined },
    event: { type: 'replyAudible', reply: { turnId: A, attempt: 2 } },
    next: { type: 'thinking', reply, next: undefined },
    effects: [],
  },
  {
    when: 'speech insists without a word',
    state: { type: 'speaking', reply, next: utterance(B) },
    event: { type: 'speechInsisted', turnId: B },
    next: { type: 'paused', reply, wasAudible: true, next: utterance(B, { isInsistent: true }) },
    effects: [{ type: 'pauseReply', reply }],
  },
  {
    when: 'speech insists with a word',
    state: { type: 'thinking', reply, next: utterance(B, { words: 'no' }) },
    event: { type: 'speechInsisted', turnId: B },
    next: { type: 'interrupted', utterance: utterance(B, { words: 'no', isInsistent: true }) },
    effects: [
      { type: 'pauseReply', reply },
      interruptedA,
      { type: 'tellStarted', turnId: B, atSample: 100 },
      { type: 'tellPartial', turnId: B, text: 'no' },
    ],
  },
  {
    when: 'a word in the pause',
    state: { type: 'paused', reply, wasAudible: true, next: utterance(B) },
    event: { type: 'partial', turnId: B, text: 'no' },
    next: { type: 'interrupted', utterance: utterance(B, { words: 'no' }) },
    effects: [
      interruptedA,
      { type: 'tellStarted', turnId: B, atSample: 100 },
      { type: 'tellPartial', turnId: B, text: 'no' },
    ],
  },
  {
    when: 'the hard end in the pause: the recogniser has the last word',
    state: { type: 'paused', reply, wasAudible: true, next: utterance(B) },
    event: { type: 'speechEnded', turnId: B, atSample: 900, silenceMs: 500, reason: 'silence' },
    next: { type: 'paused', reply, wasAudible: true, next: closed(B) },
    effects: [{ type: 'finishRecognition', turnId: B }],
  },
  {
    when: 'which is none',
    state: { type: 'paused', reply, wasAudible: false, next: closed(B) },
    event: { type: 'transcribed', turnId: B, text: '' },
    next: { type: 'thinking', reply, next: undefined },
    effects: [
      { type: 'forgetTurn', turnId: B },
      { type: 'resumeReply', reply },
    ],
  },
  {
    when: 'which is a word after all',
    state: { type: 'paused', reply, wasAudible: true, next: closed(B) },
    event: { type: 'transcribed', turnId: B, text: 'no' },
    next: { type: 'thinking', reply: { turnId: B, attempt: 1 }, next: undefined },
    effects: [
      interruptedA,
      { type: 'tellStarted', turnId: B, atSample: 100 },
      { type: 'tellPartial', turnId: B, text: 'no' },
      { type: 'tellEnded', turnId: B, atSample: 900, reason: 'silence' },
      { type: 'takeText', turnId: B, text: 'no' },
      { type: 'startReply', reply: { turnId: B, attempt: 1 }, text: 'no', isSpeculative: false },
      { type: 'releaseReply', reply: { turnId: B, attempt: 1 } },
    ],
  },
  {
    when: 'a short sound during a reply ends: the recogniser has the last word, and the reply goes on meanwhile',
    state: { type: 'speaking', reply, next: utterance(B, { words: 'hm' }) },
    event: { type: 'speechEnded', turnId: B, atSample: 900, silenceMs: 500, reason: 'silence' },
    next: { type: 'speaking', reply, next: closed(B, { words: 'hm' }) },
    effects: [{ type: 'finishRecognition', turnId: B }],
  },
  {
    when: 'which is none: nothing was said',
    state: { type: 'speaking', reply, next: closed(B) },
    event: { type: 'transcribed', turnId: B, text: '.' },
    next: { type: 'speaking', reply, next: undefined },
    effects: [{ type: 'forgetTurn', turnId: B }],
  },
  {
    when: 'which is a word: it ends the reply and is answered',
    state: { type: 'thinking', reply, next: closed(B) },
    event: { type: 'transcribed', turnId: B, text: 'stop' },
    next: { type: 'thinking', reply: { turnId: B, attempt: 1 }, next: undefined },
    effects: [
      interruptedA,
      { type: 'tellStarted', turnId: B, atSample: 100 },
      { type: 'tellPartial', turnId: B, text: 'stop' },
      { type: 'tellEnded', turnId: B, atSample: 900, reason: 'silence' },
      { type: 'takeText', turnId: B, text: 'stop' },
      { type: 'startReply', reply: { turnId: B, attempt: 1 }, text: 'stop', isSpeculative: false },
      { type: 'releaseReply', reply: { turnId: B, attempt: 1 } },
    ],
  },
  {
    when: 'a pause lasts without a word: the reply goes on, the sound stays in doubt',
    state: { type: 'paused', reply, wasAudible: true, next: utterance(B, { isInsistent: true }) },
    event: { type: 'pauseLasted', reply },
    next: { type: 'speaking', reply, next: utterance(B, { isInsistent: true }) },
    effects: [{ type: 'resumeReply', reply }],
  },
  {
    when: 'a pause lasts before the reply was audible: it is thought on',
    state: { type: 'paused', reply, wasAudible: false, next: utterance(B) },
    event: { type: 'pauseLasted', reply },
    next: { type: 'thinking', reply, next: utterance(B) },
    effects: [{ type: 'resumeReply', reply }],
  },
  {
    when: 'and a word of it that comes later ends the reply',
    state: { type: 'speaking', reply, next: utterance(B, { isInsistent: true }) },
    event: { type: 'partial', turnId: B, text: 'no' },
    next: { type: 'interrupted', utterance: utterance(B, { words: 'no', isInsistent: true }) },
    effects: [
      interruptedA,
      { type: 'tellStarted', turnId: B, atSample: 100 },
      { type: 'tellPartial', turnId: B, text: 'no' },
    ],
  },
  {
    when: 'the reply was heard while a sound is in doubt',
    state: { type: 'speaking', reply, next: utterance(B) },
    event: { type: 'replyHeard', reply },
    next: { type: 'listening', utterance: utterance(B) },
    effects: [
      { type: 'settleTurn', turnId: A, reply, outcome: { status: 'complete' } },
      { type: 'tellStarted', turnId: B, atSample: 100 },
    ],
  },
  {
    when: 'the reply fails in the pause, after the hard end',
    state: { type: 'paused', reply, wasAudible: true, next: closed(B) },
    event: { type: 'replyFailed', reply, fault: FAULT },
    next: { type: 'finishing', utterance: closed(B) },
    effects: [
      { type: 'settleTurn', turnId: A, reply, outcome: { status: 'failed', fault: FAULT } },
      { type: 'tellStarted', turnId: B, atSample: 100 },
    ],
  },
  {
    when: 'a speculation fails: nobody is told',
    state: { type: 'listening', utterance: utterance(A, speculating) },
    event: { type: 'replyFailed', reply, fault: FAULT },
    next: { type: 'listening', utterance: utterance(A, { ...speculating, speculation: undefined }) },
    effects: [{ type: 'dropReply', reply }],
  },
  {
    when: 'text comes during a reply',
    state: { type: 'speaking', reply, next: utterance(B) },
    event: { type: 'textSent', turnId: 'trn_c', atSample: 5, text: 'yo' },
    next: { type: 'thinking', reply: { turnId: 'trn_c', attempt: 1 }, next: undefined },
    effects: [
      interruptedA,
      { type: 'forgetTurn', turnId: B },
      { type: 'takeText', turnId: 'trn_c', text: 'yo' },
      { type: 'startReply', reply: { turnId: 'trn_c', attempt: 1 }, text: 'yo', isSpeculative: false },
      { type: 'releaseReply', reply: { turnId: 'trn_c', attempt: 1 } },
    ],
  },
  {
    when: 'the reply is interrupted by command',
    state: { type: 'paused', reply, wasAudible: true, next: utterance(B) },
    event: { type: 'interruptSent' },
    next: { type: 'interrupted', utterance: utterance(B) },
    effects: [interruptedA, { type: 'tellStarted', turnId: B, atSample: 100 }],
  },
  {
    when: 'the session ends while words are being said',
    state: { type: 'interrupted', utterance: utterance(B, { words: 'but' }) },
    event: { type: 'ended', status: 'cut', reason: 'shutdown', atSample: 900, waits: false },
    next: LISTENING,
    effects: [
      { type: 'takeText', turnId: B, text: 'but' },
      { type: 'settleTurn', turnId: B, outcome: { status: 'cut', reason: 'shutdown' } },
      { type: 'dropRest' },
    ],
  },
  {
    when: 'the reply is stopped while the final text is on the way: it comes, and no reply follows',
    state: { type: 'finishing', utterance: closed(A, speculating) },
    event: { type: 'interruptSent' },
    next: { type: 'finishing', utterance: parting(closed(A, { ...speculating, speculation: undefined })) },
    effects: [{ type: 'dropReply', reply }],
  },
  {
    when: 'the final text of an utterance that gets no reply',
    state: { type: 'finishing', utterance: parting(closed(A)) },
    event: { type: 'transcribed', turnId: A, text: 'hi' },
    next: LISTENING,
    effects: [
      { type: 'tellEnded', turnId: A, atSample: 900, reason: 'silence' },
      { type: 'takeText', turnId: A, text: 'hi' },
      { type: 'settleTurn', turnId: A, outcome: BARGE_IN },
    ],
  },
  {
    when: 'the session ends in the middle of an utterance: its final text is waited for',
    state: { type: 'listening', utterance: utterance(A, { words: 'so' }) },
    event: { type: 'ended', ...BARGE_IN, atSample: 700, waits: true },
    next: {
      type: 'finishing',
      utterance: {
        ...utterance(A, { words: 'so' }),
        closed: { atSample: 700, reason: 'commit', isTold: true, outcome: BARGE_IN },
      },
    },
    effects: [
      { type: 'finishRecognition', turnId: A },
      { type: 'tellEnded', turnId: A, atSample: 700, reason: 'commit' },
    ],
  },
  {
    when: 'the session ends during a reply, with a word that was in doubt: both are kept',
    state: { type: 'speaking', reply, next: closed(B, { words: 'no' }) },
    event: { type: 'ended', ...BARGE_IN, atSample: 900, waits: false },
    next: LISTENING,
    effects: [
      interruptedA,
      { type: 'tellStarted', turnId: B, atSample: 100 },
      { type: 'tellPartial', turnId: B, text: 'no' },
      { type: 'tellEnded', turnId: B, atSample: 900, reason: 'silence' },
      { type: 'takeText', turnId: B, text: 'no' },
      { type: 'settleTurn', turnId: B, outcome: BARGE_IN },
      { type: 'dropRest' },
    ],
  },
]

test.each(ROWS)('[TUR32] $when', ({ state, event, next, effects }) => {
  expect(reduce(state, event, OPTIONS)).toEqual({ state: next, effects })
})
