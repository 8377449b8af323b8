// The reducer by a table, state and event → state and effects: speech and texts of an utterance.
import { expect, test } from 'vitest'
import { MAX_SPECULATIONS } from '#shared/model/turn-options.ts'
import { LISTENING, reduce } from '#gpu-node/turn/machine/turn-reduce.ts'
import { A, B, closed, OPTIONS, reply, speculating, utterance } from './turn-facts.ts'
import type { Row } from './turn-facts.ts'

const ROWS: Row[] = [
  {
    when: 'speech starts in silence',
    state: LISTENING,
    event: { type: 'speechStarted', turnId: A, atSample: 100 },
    next: { type: 'listening', utterance: utterance(A) },
    effects: [{ type: 'tellStarted', turnId: A, atSample: 100 }],
  },
  {
    when: 'speech starts during a reply: it is in doubt and untold',
    state: { type: 'speaking', reply, next: undefined },
    event: { type: 'speechStarted', turnId: B, atSample: 100 },
    next: { type: 'speaking', reply, next: utterance(B) },
    effects: [],
  },
  {
    when: 'speech starts while another is open: it is not taken',
    state: { type: 'listening', utterance: utterance(A) },
    event: { type: 'speechStarted', turnId: B, atSample: 100 },
    next: { type: 'listening', utterance: utterance(A) },
    effects: [{ type: 'forgetTurn', turnId: B }],
  },
  {
    when: 'a pause: the text so far is asked for',
    state: { type: 'listening', utterance: utterance(A, { words: 'hi' }) },
    event: { type: 'speechPaused', turnId: A, pause: 1 },
    next: { type: 'listening', utterance: utterance(A, { words: 'hi', pause: 1 }) },
    effects: [{ type: 'askSnapshot', turnId: A, pause: 1 }],
  },
  {
    when: 'a pause after the last speculation: no more',
    state: { type: 'listening', utterance: utterance(A, { speculations: MAX_SPECULATIONS }) },
    event: { type: 'speechPaused', turnId: A, pause: 4 },
    next: { type: 'listening', utterance: utterance(A, { speculations: MAX_SPECULATIONS, pause: 4 }) },
    effects: [],
  },
  {
    when: 'a snapshot: the reply is started on it',
    state: { type: 'listening', utterance: utterance(A, { pause: 1 }) },
    event: { type: 'snapshot', turnId: A, pause: 1, text: 'hi' },
    next: { type: 'listening', utterance: utterance(A, speculating) },
    effects: [{ type: 'startReply', reply, text: 'hi', isSpeculative: true }],
  },
  {
    when: 'a snapshot of a pause that is over: void',
    state: { type: 'listening', utterance: utterance(A) },
    event: { type: 'snapshot', turnId: A, pause: 1, text: 'hi' },
    next: { type: 'listening', utterance: utterance(A) },
    effects: [],
  },
  {
    when: 'the caller goes on: the speculation is dropped',
    state: { type: 'listening', utterance: utterance(A, speculating) },
    event: { type: 'speechWentOn', turnId: A },
    next: { type: 'listening', utterance: utterance(A, { words: 'hi', speculations: 1 }) },
    effects: [{ type: 'dropReply', reply }],
  },
  {
    when: 'the hard end, with words: told at once',
    state: { type: 'listening', utterance: utterance(A, { words: 'hi' }) },
    event: { type: 'speechEnded', turnId: A, atSample: 900, silenceMs: 500, reason: 'silence' },
    next: { type: 'finishing', utterance: closed(A, { words: 'hi' }, true) },
    effects: [
      { type: 'finishRecognition', turnId: A },
      { type: 'tellEnded', turnId: A, atSample: 900, reason: 'silence' },
    ],
  },
  {
    when: 'the hard end, without words: it may turn out that nothing was said',
    state: { type: 'interrupted', utterance: utterance(A) },
    event: { type: 'speechEnded', turnId: A, atSample: 900, silenceMs: 500, reason: 'silence' },
    next: { type: 'finishing', utterance: closed(A) },
    effects: [{ type: 'finishRecognition', turnId: A }],
  },
  {
    when: 'the final text equals the speculation’s',
    state: { type: 'finishing', utterance: closed(A, speculating, true) },
    event: { type: 'transcribed', turnId: A, text: 'Hi!' },
    next: { type: 'thinking', reply, next: undefined },
    effects: [
      { type: 'takeText', turnId: A, text: 'Hi!' },
      { type: 'releaseReply', reply },
    ],
  },
  {
    when: 'the final text is another',
    state: { type: 'finishing', utterance: closed(A, speculating) },
    event: { type: 'transcribed', turnId: A, text: 'high' },
    next: { type: 'thinking', reply: { turnId: A, attempt: 2 }, next: undefined },
    effects: [
      { type: 'tellEnded', turnId: A, atSample: 900, reason: 'silence' },
      { type: 'dropReply', reply },
      { type: 'takeText', turnId: A, text: 'high' },
      { type: 'startReply', reply: { turnId: A, attempt: 2 }, text: 'high', isSpeculative: false },
      { type: 'releaseReply', reply: { turnId: A, attempt: 2 } },
    ],
  },
  {
    when: 'there is no final text',
    state: { type: 'finishing', utterance: closed(A) },
    event: { type: 'transcribed', turnId: A, text: ' ' },
    next: LISTENING,
    effects: [
      { type: 'tellEnded', turnId: A, atSample: 900, reason: 'noSpeech' },
      { type: 'forgetTurn', turnId: A },
    ],
  },
]

test.each(ROWS)('[TUR32] $when', ({ state, event, next, effects }) => {
  expect(reduce(state, event, OPTIONS)).toEqual({ state: next, effects })
})
