// The reducer by a table, state and event → state and effects: a reply, and what happens to it.
import { expect, test } from 'vitest'
import { LISTENING, reduce } from '#gpu-node/turn/machine/turn-reduce.ts'
import { A, B, closed, FAULT, interruptedA, OPTIONS, reply, speculating, utterance } from './turn-facts.ts'
import type { Row } from './turn-facts.ts'

const ROWS: Row[] = [
  {
    when: 'the reply becomes audible',
    state: { phase: 'thinking', reply, next: undefined },
    event: { type: 'replyAudible', reply },
    next: { phase: 'speaking', reply, next: undefined },
    effects: [],
  },
  {
    when: 'another attempt becomes audible: void',
    state: { phase: 'thinking', reply, next: undefined },
    event: { type: 'replyAudible', reply: { turnId: A, attempt: 2 } },
    next: { phase: 'thinking', reply, next: undefined },
    effects: [],
  },
  {
    when: 'speech insists without a word',
    state: { phase: 'speaking', reply, next: utterance(B) },
    event: { type: 'speechInsisted', turnId: B },
    next: { phase: 'paused', reply, wasAudible: true, next: utterance(B) },
    effects: [{ type: 'pauseReply', reply }],
  },
  {
    when: 'speech insists with a word',
    state: { phase: 'thinking', reply, next: utterance(B, { words: 'no' }) },
    event: { type: 'speechInsisted', turnId: B },
    next: { phase: 'interrupted', utterance: utterance(B, { words: 'no' }) },
    effects: [
      { type: 'pauseReply', reply },
      interruptedA,
      { type: 'tellStarted', turnId: B, atSample: 100 },
      { type: 'tellPartial', turnId: B, text: 'no' },
    ],
  },
  {
    when: 'a word in the pause',
    state: { phase: 'paused', reply, wasAudible: true, next: utterance(B) },
    event: { type: 'partial', turnId: B, text: 'no' },
    next: { phase: 'interrupted', utterance: utterance(B, { words: 'no' }) },
    effects: [
      interruptedA,
      { type: 'tellStarted', turnId: B, atSample: 100 },
      { type: 'tellPartial', turnId: B, text: 'no' },
    ],
  },
  {
    when: 'the hard end in the pause: the recogniser has the last word',
    state: { phase: 'paused', reply, wasAudible: true, next: utterance(B) },
    event: { type: 'speechEnded', turnId: B, atSample: 900, silenceMs: 500, reason: 'silence' },
    next: { phase: 'paused', reply, wasAudible: true, next: closed(B) },
    effects: [{ type: 'finishRecognition', turnId: B }],
  },
  {
    when: 'which is none',
    state: { phase: 'paused', reply, wasAudible: false, next: closed(B) },
    event: { type: 'transcribed', turnId: B, text: '' },
    next: { phase: 'thinking', reply, next: undefined },
    effects: [
      { type: 'forgetTurn', turnId: B },
      { type: 'resumeReply', reply },
    ],
  },
  {
    when: 'which is a word after all',
    state: { phase: 'paused', reply, wasAudible: true, next: closed(B) },
    event: { type: 'transcribed', turnId: B, text: 'no' },
    next: { phase: 'thinking', reply: { turnId: B, attempt: 1 }, next: undefined },
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
    when: 'a short sound during a reply ends',
    state: { phase: 'speaking', reply, next: utterance(B, { words: 'hm' }) },
    event: { type: 'speechEnded', turnId: B, atSample: 900, silenceMs: 500, reason: 'silence' },
    next: { phase: 'speaking', reply, next: undefined },
    effects: [{ type: 'forgetTurn', turnId: B }],
  },
  {
    when: 'the reply was heard while a sound is in doubt',
    state: { phase: 'speaking', reply, next: utterance(B) },
    event: { type: 'replyHeard', reply },
    next: { phase: 'listening', utterance: utterance(B) },
    effects: [
      { type: 'settleTurn', turnId: A, reply, outcome: { status: 'complete' } },
      { type: 'tellStarted', turnId: B, atSample: 100 },
    ],
  },
  {
    when: 'the reply fails in the pause, after the hard end',
    state: { phase: 'paused', reply, wasAudible: true, next: closed(B) },
    event: { type: 'replyFailed', reply, fault: FAULT },
    next: { phase: 'finishing', utterance: closed(B) },
    effects: [
      { type: 'settleTurn', turnId: A, reply, outcome: { status: 'failed', fault: FAULT } },
      { type: 'tellStarted', turnId: B, atSample: 100 },
    ],
  },
  {
    when: 'a speculation fails: nobody is told',
    state: { phase: 'listening', utterance: utterance(A, speculating) },
    event: { type: 'replyFailed', reply, fault: FAULT },
    next: { phase: 'listening', utterance: utterance(A, { ...speculating, speculation: undefined }) },
    effects: [{ type: 'dropReply', reply }],
  },
  {
    when: 'text comes during a reply',
    state: { phase: 'speaking', reply, next: utterance(B) },
    event: { type: 'textSent', turnId: 'trn_c', atSample: 5, text: 'yo' },
    next: { phase: 'thinking', reply: { turnId: 'trn_c', attempt: 1 }, next: undefined },
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
    state: { phase: 'paused', reply, wasAudible: true, next: utterance(B) },
    event: { type: 'interruptSent' },
    next: { phase: 'interrupted', utterance: utterance(B) },
    effects: [interruptedA, { type: 'tellStarted', turnId: B, atSample: 100 }],
  },
  {
    when: 'the session ends while words are being said',
    state: { phase: 'interrupted', utterance: utterance(B, { words: 'but' }) },
    event: { type: 'ended', status: 'cut', reason: 'shutdown' },
    next: LISTENING,
    effects: [
      { type: 'takeText', turnId: B, text: 'but' },
      { type: 'settleTurn', turnId: B, outcome: { status: 'cut', reason: 'shutdown' } },
    ],
  },
]

test.each(ROWS)('[TUR32] $when', ({ state, event, next, effects }) => {
  expect(reduce(state, event, OPTIONS)).toEqual({ state: next, effects })
})
