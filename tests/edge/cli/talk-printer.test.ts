// What `parley talk` prints for a person, piece by piece.
import { expect, it } from 'vitest'
import { createTalkPrinter } from '#edge/cli/talk-printer.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'

const turnId = 'trn_one'
const { replyText, heardText, status, timings } = turnRecord()
const DONE: ChatDown = { type: 'reply.done', seq: 5, turnId, status, replyText, heardText, sentSamples: 0, timings }

function printed(isTTY: boolean, steps: Array<ChatDown | 'reconnecting'>): string {
  let text = ''
  const printer = createTalkPrinter({
    isTTY,
    write: (piece: Uint8Array | string) => {
      text += String(piece)
      return true
    },
  })
  for (const step of steps) {
    if (step === 'reconnecting') printer.state(step)
    else printer.message(step)
  }
  return text
}

it('[TLK5] puts a fault and a lost connection on lines of their own, also in the middle of a reply', () => {
  const text = printed(false, [
    { type: 'transcript.final', seq: 1, turnId, text: 'hello', language: 'en' },
    { type: 'reply.text', seq: 2, turnId, text: 'Good', startSample: 0 },
    { type: 'reply.text', seq: 3, turnId, text: ' day.', startSample: 10 },
    { type: 'fault', code: 'node_lost', message: 'Gone.' },
    'reconnecting',
    { type: 'reply.text', seq: 4, turnId, text: 'Back.', startSample: 20 },
    DONE,
    DONE,
  ])
  expect(text).toBe(
    'you: hello\nreply: Good day.\nfault: node_lost: Gone.\nconnection lost, trying again\nreply: Back.\n',
  )
})

it('[TLK5] says which quota is nearly used up, and which one is', () => {
  const text = printed(false, [
    { type: 'session.notice', id: 'm', notice: 'limitNear', detail: 'tokens 80' },
    { type: 'session.notice', seq: 1, notice: 'draining' },
    { type: 'fault', code: 'quota_exhausted', message: 'Used up.', quota: 'sessions' },
  ])
  expect(text).toMatch(
    /^notice: Most of your words .+\nnotice: draining\nfault: quota_exhausted: You have as many calls/,
  )
})

it('[TLK5] writes partial transcripts over each other on a terminal only', () => {
  const steps: ChatDown[] = [
    { type: 'transcript.partial', seq: 1, turnId, text: 'hell' },
    { type: 'transcript.partial', seq: 2, turnId, text: 'hello' },
    { type: 'transcript.final', seq: 3, turnId, text: 'hello', language: 'en' },
  ]
  expect(printed(false, steps)).toBe('… hell\n… hello\nyou: hello\n')
  expect(printed(true, steps)).toBe('\r\u001B[K… hell\r\u001B[K… hello\r\u001B[Kyou: hello\n')
})
