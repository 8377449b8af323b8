// /api/tasks: what runs in the background. A user sees his own tasks, an operator all; changes come as server-sent events,
// so that whoever waits for a task hears of its end. Pausing is the operator's.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import type { ChangedTask } from '#edge/store/task-store.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { notFound, type FaultCode } from '#shared/fault.ts'
import type { Owner } from '#shared/model/caller.ts'
import { isId, type TaskId } from '#shared/ids.ts'
import { TaskIdSchema } from '#shared/model/ids.ts'
import { TASK_STATES, TaskView } from '#shared/tasks/task.ts'
import { ownerOf } from '#edge/http/access/owner-of.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'
import { wholeNumber } from '#edge/http/operation/whole-number.ts'
import { taskEvents } from './task-events.ts'

const MAX_PAGE = 100
const Name = v.pipe(v.string(), v.maxLength(64), v.regex(/^[a-zA-Z.*]+$/, 'expected a name such as voice.prepare'))
const ListQuery = v.object({
  limit: v.optional(wholeNumber(1, MAX_PAGE), '50'),
  cursor: v.optional(v.pipe(TaskIdSchema, v.description('The `nextCursor` of the page before'))),
  state: v.optional(v.picklist(TASK_STATES)),
  name: v.optional(Name),
})
const Task = named('Task', TaskView)
const Page = named('TaskPage', v.object({ tasks: v.array(Task), nextCursor: v.nullable(v.string()) }))
const Stats = named(
  'TaskStats',
  v.object({
    queues: v.array(v.object({ queue: v.string(), state: v.picklist(TASK_STATES), count: v.number() })),
    paused: v.array(v.string()),
    waitedMs: v.pipe(v.number(), v.description('How long the task waits that has been due longest')),
    schedules: v.array(v.object({ name: v.string(), nextAt: v.nullable(v.number()), lastAt: v.nullable(v.number()) })),
  }),
)
const Queue = named('TaskQueue', v.strictObject({ queue: v.pipe(Name, v.description('`*` for all queues')) }))

export function taskRoutes(ports: OperationPorts & Pick<EdgePorts, 'tasks'>) {
  const { clock, store, tasks } = ports
  const does = operationsOf(ports)
  return new Hono<OperationEnv>()
    .get('/tasks', does.list, async (c) => {
      const { limit, cursor, state, name } = c.req.valid('query')
      const page = { limit, before: cursor, state, name }
      const owner = ownerOf(c.get('caller'))
      const found = await store.tasks.listTasks(owner, page)
      const last = found.length === limit ? found.at(-1) : undefined
      return c.json({ tasks: found.map((task) => shown(task, owner)), nextCursor: last?.id ?? null })
    })
    .get('/tasks/stats', does.stats, async (c) => c.json(await store.tasks.taskStats(clock.now())))
    .get('/tasks/changes', does.changes, (c) => {
      const owner = ownerOf(c.get('caller'))
      const read = (since: number) => store.tasks.changedSince(owner, since, MAX_PAGE)
      c.header('content-type', 'text/event-stream')
      return c.body(taskEvents({ clock, read, shown: (task) => shown(task, owner), signal: c.req.raw.signal }))
    })
    .post('/tasks/pause', does.pause, async (c) => {
      await store.tasks.pauseQueue(c.req.valid('json').queue, clock.now())
      return c.body(null, 204)
    })
    .post('/tasks/resume', does.resume, async (c) => {
      await store.tasks.resumeQueue(c.req.valid('json').queue)
      tasks.wake()
      return c.body(null, 204)
    })
    .get('/tasks/:id', does.one, async (c) => {
      const id = taskIdOf(c.req.param('id'))
      const owner = ownerOf(c.get('caller'))
      const found = await store.tasks.task(owner, id)
      if (!found) throw notFound('task', id)
      return c.json(shown(found, owner))
    })
    .post('/tasks/:id/cancel', does.cancel, async (c) => {
      const id = taskIdOf(c.req.param('id'))
      if (!(await store.tasks.cancelTask(ownerOf(c.get('caller')), id, clock.now()))) throw notFound('open task', id)
      return c.body(null, 204)
    })
    .post('/tasks/:id/retry', does.retry, async (c) => {
      const id = taskIdOf(c.req.param('id'))
      if (!(await store.tasks.retryTask(ownerOf(c.get('caller')), id, clock.now()))) throw notFound('idle task', id)
      tasks.wake()
      return c.body(null, 204)
    })
}

/** Of an error its owner hears what a fault tells outside; its words and its trace are the operator's. */
function shown(task: ChangedTask, to: Owner): TaskView {
  const view = v.parse(TaskView, task) as TaskView
  if (to === 'everybody' || view.error === null) return view
  const { code } = view.error
  return { ...view, error: { code, message: v.is(Code, code) ? FAULT_TABLE[code].text : '', trace: '' } }
}

const Code = v.picklist(Object.keys(FAULT_TABLE) as FaultCode[])

function taskIdOf(text: string): TaskId {
  if (!isId('task', text)) throw notFound('task', text)
  return text
}

function operationsOf(ports: OperationPorts) {
  const seen = { tag: 'tasks', needs: 'key', rate: 'read' } as const
  const changed = { tag: 'tasks', needs: 'key', rate: 'write', answers: { 204: null } } as const
  const ruled = { ...changed, needs: 'admin', body: Queue } as const
  return {
    list: operation(ports, {
      ...seen,
      summary: 'Your tasks, the newest first; all tasks for an operator',
      query: ListQuery,
      answers: { 200: Page },
    }),
    stats: operation(ports, {
      ...seen,
      needs: 'admin',
      summary: 'How many tasks there are by queue and state, what is paused, and when schedules come',
      answers: { 200: Stats },
    }),
    changes: operation(ports, {
      ...seen,
      summary: 'Changes of your tasks as they happen: events `task` with the task as JSON. Ends after ten minutes',
      answers: { 200: { mediaType: 'text/event-stream' } },
    }),
    one: operation(ports, { ...seen, summary: 'One task', answers: { 200: Task }, refuses: ['not_found'] }),
    cancel: operation(ports, {
      ...changed,
      summary: 'Cancel a task; one at work is stopped within half a minute',
      refuses: ['not_found'],
    }),
    retry: operation(ports, { ...changed, summary: 'Try a task again that is over or waits', refuses: ['not_found'] }),
    pause: operation(ports, { ...ruled, summary: 'Take no task from a queue any more; what is at work goes on' }),
    resume: operation(ports, { ...ruled, summary: 'Take tasks from a queue again' }),
  }
}
