// PATCH /api/conversations/:id/turns/:turn corrects what was recognised. PUT …/feedback rates a reply. A path names a turn by its
// ordinal in the conversation or by its id.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { Caller } from '#shared/model/caller.ts'
import { notFound } from '#shared/fault.ts'
import { plainText } from '#shared/model/plain-text.ts'
import { CallerText } from '#shared/protocol/caller-text.ts'
import { findTurn } from './find-turn.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'
import { refuseUnsafe, type SafeTextPorts } from '#edge/http/plumbing/safe-text.ts'

const MAX_COMMENT_CHARS = 1_000

const Correction = named('Correction', v.object({ correctedText: CallerText }))
const Feedback = named(
  'Feedback',
  v.object({
    vote: v.picklist(['up', 'down']),
    comment: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(MAX_COMMENT_CHARS), plainText)), null),
  }),
)

export function turnRoutes(ports: OperationPorts & SafeTextPorts) {
  const { store, clock } = ports
  const correct = operation(ports, {
    summary: 'Put the right words in place of what was recognised; later prompts use them',
    tag: 'history',
    needs: 'history:write',
    rate: 'write',
    body: Correction,
    answers: { 204: null },
    refuses: ['not_found', 'blocked'],
  })
  const judge = operation(ports, {
    summary: 'Rate a reply',
    tag: 'history',
    needs: 'history:write',
    rate: 'write',
    body: Feedback,
    answers: { 204: null },
    refuses: ['not_found', 'blocked'],
  })
  const read = operation(ports, {
    summary: 'The rating of a reply',
    tag: 'history',
    needs: 'history:read',
    rate: 'read',
    answers: { 200: Feedback },
    refuses: ['not_found'],
  })
  const find = (caller: Caller, path: { id: string; turn: string }) => findTurn(store, caller, path)
  return new Hono<OperationEnv>()
    .patch('/conversations/:id/turns/:turn', correct, async (c) => {
      const { correctedText } = c.req.valid('json')
      const [conversationId, turnId] = await find(c.get('caller'), c.req.param())
      refuseUnsafe(ports, correctedText)
      await store.turns.correctTurn({ conversationId, turnId }, correctedText, clock.now())
      return c.body(null, 204)
    })
    .put('/conversations/:id/turns/:turn/feedback', judge, async (c) => {
      const said = c.req.valid('json')
      const [, turnId] = await find(c.get('caller'), c.req.param())
      refuseUnsafe(ports, said.comment)
      await store.edits.setFeedback(turnId, said, clock.now())
      return c.body(null, 204)
    })
    .get('/conversations/:id/turns/:turn/feedback', read, async (c) => {
      const [, turnId] = await find(c.get('caller'), c.req.param())
      const said = await store.edits.feedback(turnId)
      if (!said) throw notFound('feedback', turnId)
      return c.json(said)
    })
}
