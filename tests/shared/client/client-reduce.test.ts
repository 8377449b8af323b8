import { expect, it } from 'vitest'
import { reduceClient } from '#shared/client/client-reduce.ts'
import { firstAttempt, type ClientEvent, type ClientState } from '#shared/client/client-state.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { RESUME_VALID_MS } from '#shared/protocol/limits.ts'

const session = { sessionId: 'ses_one', conversationId: 'cnv_one', resumeToken: 'token' } as const
const live: ClientState = { type: 'live', session }
const attempt = { lost: undefined, former: undefined, conversationId: session.conversationId, patientUntil: 0 } as const
const lost = (lostAt: number, tries: number) => ({ ...session, lostAt, tries })

/** As one reads a table: state, event, time, next state, effects. */
const TABLE: Array<[string, ClientState, ClientEvent, number, ClientState, string[]]> = [
  [
    'a dial that opens is greeted',
    firstAttempt(undefined, 0),
    { type: 'opened' },
    0,
    { ...attempt, type: 'greeting', conversationId: undefined },
    ['greet'],
  ],
  ['a greeted session is live', { type: 'greeting', ...attempt }, { type: 'ready', session }, 0, live, []],
  [
    'a live session that is cut off is resumed',
    live,
    { type: 'closed', code: 1006 },
    7,
    { type: 'waiting', ...attempt, lost: lost(7, 0) },
    ['wait'],
  ],
  [
    'what was waited for is dialled',
    { type: 'waiting', ...attempt, lost: lost(7, 0) },
    { type: 'due' },
    9,
    { type: 'dialling', ...attempt, lost: lost(7, 0) },
    ['dial'],
  ],
  [
    'a resumed session is live with its new token',
    { type: 'greeting', ...attempt, lost: lost(7, 0) },
    { type: 'resumed', resumeToken: 'next' },
    9,
    { type: 'live', session: { ...session, resumeToken: 'next' } },
    [],
  ],
  [
    'a refused resume is followed by a new session',
    { type: 'greeting', ...attempt, lost: lost(7, 0) },
    { type: 'closed', code: 4404 },
    9,
    { type: 'waiting', ...attempt },
    ['wait'],
  ],
  [
    'the third failed resume puts the session in doubt',
    { type: 'dialling', ...attempt, lost: lost(7, 2) },
    { type: 'closed', code: 1006 },
    9,
    { type: 'waiting', ...attempt, former: lost(7, 2) },
    ['wait'],
  ],
  [
    'a session in doubt is resumed again where the edge was not reached at all',
    { type: 'dialling', ...attempt, former: lost(7, 2) },
    { type: 'closed', code: 1006 },
    9,
    { type: 'waiting', ...attempt, lost: lost(7, 0) },
    ['wait'],
  ],
  [
    'a session in doubt is given up once its time is over',
    { type: 'dialling', ...attempt, former: lost(7, 2) },
    { type: 'closed', code: 1006 },
    8 + RESUME_VALID_MS,
    { type: 'waiting', ...attempt },
    ['wait'],
  ],
  [
    'a session whose edge or node stopped goes on in another one',
    live,
    { type: 'ended', reason: 'shutdown' },
    9,
    { type: 'waiting', ...attempt },
    ['hangUp', 'wait'],
  ],
  [
    'a session whose node was lost goes on in another one',
    live,
    { type: 'ended', reason: 'nodeLost' },
    9,
    { type: 'waiting', ...attempt },
    ['hangUp', 'wait'],
  ],
  [
    'a session that ended for being idle is over',
    live,
    { type: 'ended', reason: 'idle' },
    9,
    { type: 'ended', reason: 'idle' },
    ['hangUp', 'finish'],
  ],
  [
    'a session that another socket took over is over',
    live,
    { type: 'closed', code: 4101 },
    9,
    { type: 'ended', reason: 'replaced' },
    ['finish'],
  ],
  ['a bug ends the session', live, { type: 'broke' }, 9, { type: 'ended', reason: 'internal' }, ['hangUp', 'finish']],
  [
    'a bug while the end is being made leaves its reason, and it is made again',
    { type: 'ended', reason: 'idle' },
    { type: 'broke' },
    9,
    { type: 'ended', reason: 'idle' },
    ['hangUp', 'finish'],
  ],
]

it.each(TABLE)('[CLT14] %s', (...row) => {
  const [, state, event, now, next, effects] = row
  const step = reduceClient(state, event, now)
  expect(step.state).toEqual(next)
  expect(step.effects.map(({ type }) => type)).toEqual(effects)
})

it('[CLT14] every fault that says not to retry ends a client that has no session, and no other does', () => {
  const ending = Object.entries(FAULT_TABLE).filter(([, { close }]) => {
    const step = reduceClient({ type: 'greeting', ...attempt }, { type: 'closed', code: close }, 0)
    return step.state.type === 'ended'
  })
  // 4403 stands for forbidden and blocked, and 4429 for rates and quotas, which both pass.
  expect(ending.map(([code]) => code)).toEqual([
    'invalid_message',
    'unauthenticated',
    'forbidden',
    'not_found',
    'conflict',
    'too_large',
    'unsupported_version',
    'blocked',
  ])
})

it('[CLT14] an ended client stays ended, whatever comes', () => {
  const ended: ClientState = { type: 'ended', reason: 'idle' }
  const events: ClientEvent[] = [
    { type: 'opened' },
    { type: 'ready', session },
    { type: 'resumed', resumeToken: 'x' },
    { type: 'closed', code: 1006 },
    { type: 'due' },
    { type: 'ended', reason: 'caller' },
  ]
  for (const event of events) expect(reduceClient(ended, event, 0)).toEqual({ state: ended, effects: [] })
})
