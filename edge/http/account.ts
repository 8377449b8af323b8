// /api/me: who the caller is, what he has chosen, and the deletion of all that is his.
import { Hono } from 'hono'
import * as v from 'valibot'
import { SCOPES } from '#shared/model/caller.ts'
import type { EdgePorts } from '#edge/ports.ts'
import { KeepAudioDays } from '#shared/model/turn-audio.ts'
import { dropCookie, mayDo } from '#edge/http/access/auth.ts'
import { dropFiles } from '#edge/drop-files.ts'
import { forgetVoices } from '#edge/planned-tasks.ts'
import { deleteStep } from '#edge/tasks/user-tasks.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'

/** Of most users nothing is left when the answer goes out; of the others a task removes the rest. */
const STEPS_AT_ONCE = 25

export const Identity = named(
  'Identity',
  v.object({ userId: v.string(), keyId: v.string(), scopes: v.array(v.picklist(SCOPES)) }),
)
const Choice = named(
  'AccountChoice',
  v.strictObject({
    keepAudioDays: v.pipe(v.nullable(KeepAudioDays), v.description('In days; null leaves it to each persona')),
  }),
)
const Me = named('Me', v.object({ ...Identity.entries, ...Choice.entries }))

type AccountPorts = OperationPorts & Pick<EdgePorts, 'blobs' | 'sessions' | 'tasks'>

export function accountRoutes(ports: AccountPorts) {
  const { store, clock, sessions, tasks } = ports
  const { look, choose, leave } = operationsOf(ports)
  return new Hono<OperationEnv>()
    .get('/me', look, async (c) => {
      const caller = c.get('caller')
      return c.json(v.parse(Me, { ...caller, keepAudioDays: await store.audio.chosenDays(caller.userId) }))
    })
    .patch('/me', choose, async (c) => {
      const { keepAudioDays } = c.req.valid('json')
      await store.audio.chooseDays(c.get('caller').userId, keepAudioDays)
      return c.json({ keepAudioDays })
    })
    .delete('/me', leave, async (c) => {
      const caller = c.get('caller')
      // Whoever holds a key may end it, and it alone: a stolen one must not end its user's others. A cookie says no more than the key
      // whose code it was traded for; only an identity provider's token shows a person.
      const isPerson = caller.token !== undefined || mayDo(caller, 'admin')
      const onlyKey = isPerson ? undefined : caller.keyId
      const now = clock.now()
      const files = await store.edits.leave(caller.userId, { now, onlyKey })
      // Sessions of all his keys end: nothing that is said in them could be stored any more.
      const keys = await store.keys.listKeys(caller.userId)
      await sessions.keysEnded(keys.map(({ keyId }) => keyId))
      await dropFiles(ports, files)
      if (files.length > 0) await store.tasks.addTask(forgetVoices(files), now)
      const leaving = { userId: caller.userId, before: now }
      for (let step = 0; step < STEPS_AT_ONCE; step++) if (await deleteStep(ports, leaving)) break
      tasks.wake()
      dropCookie(c)
      return c.body(null, 204)
    })
}

function operationsOf(ports: OperationPorts) {
  const tag = 'account'
  const look = operation(ports, {
    summary: 'Who you are, and what you chose',
    tag,
    needs: 'key',
    rate: 'read',
    answers: { 200: Me },
  })
  const choose = operation(ports, {
    summary: 'Choose how long the sound of your turns is kept; it counts for sessions that begin later',
    tag,
    needs: 'history:write',
    rate: 'account',
    body: Choice,
    answers: { 200: Choice },
  })
  const leave = operation(ports, {
    summary:
      'Delete all that is yours: conversations, voices, usage (today’s numbers when the day is over). Your keys end within 5 s; a key, or a cookie made with one, ends that key alone',
    tag,
    needs: 'history:write',
    rate: 'account',
    answers: { 204: null },
  })
  return { look, choose, leave }
}
