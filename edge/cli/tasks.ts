// `parley tasks …`: what runs in the background of the edge. Works on its database, also while the edge is down; a running
// edge sees each change within seconds.
import { setTimeout as sleep } from 'node:timers/promises'
import { defineCommand } from 'citty'
import type { Store } from '#edge/store/store.ts'
import type { ChangedTask } from '#edge/store/task-store.ts'
import { invalid, notFound } from '#shared/fault.ts'
import { isId, type TaskId } from '#shared/ids.ts'
import { TASK_STATES, type TaskState } from '#shared/tasks/task.ts'
import { dataOption, urlOption, withStore } from './open-store.ts'
import { jsonOption, print } from './print.ts'
import { table, when } from './table.ts'

const LOOK_EVERY_MS = 1_000
const common = { data: dataOption, url: urlOption, json: jsonOption }
const idOption = { type: 'positional', description: 'Id of the task (tsk_…)', required: true } as const
const queueOption = { type: 'positional', description: 'Name of the queue; default: all', required: false } as const
const watchOption = { type: 'boolean', description: 'Go on and show what changes', default: false } as const

const list = defineCommand({
  meta: { name: 'list', description: 'Show tasks, the newest first' },
  args: {
    ...common,
    state: { type: 'string', description: TASK_STATES.join(', ') },
    name: { type: 'string', description: 'Of this kind only, e.g. voice.prepare' },
    limit: { type: 'string', description: 'At most so many', default: '50' },
    watch: watchOption,
  },
  async run({ args }) {
    const state = args.state === undefined ? undefined : stateOf(args.state)
    const filter = { state, name: args.name }
    await withStore(args, async (store) => {
      const tasks = await store.tasks.listTasks('everybody', { ...filter, limit: Number(args.limit) || 50 })
      print(args.json, tasks, linesOf(tasks))
      if (args.watch) await watch(store, (task) => print(args.json, task, linesOf([task]).split('\n')[1] ?? ''))
    })
  },
})

const show = defineCommand({
  meta: { name: 'show', description: 'Show all that is known of one task' },
  args: { id: idOption, ...common },
  async run({ args }) {
    const task = await withStore(args, (store) => store.tasks.task('everybody', idOf(args.id)))
    if (!task) throw notFound('task', args.id)
    const lines = Object.entries(task).map(([name, value]) => [name, shown(name, value)])
    print(args.json, task, table(['field', 'value'], lines))
  },
})

const retry = defineCommand({
  meta: { name: 'retry', description: 'Try a task again that is over or waits' },
  args: { id: idOption, ...common },
  async run({ args }) {
    const isTried = await withStore(args, (store) => store.tasks.retryTask('everybody', idOf(args.id), Date.now()))
    if (!isTried) throw notFound('idle task', args.id)
    print(args.json, { id: args.id }, `${args.id} is tried again`)
  },
})

const cancel = defineCommand({
  meta: { name: 'cancel', description: 'Cancel a task; one at work is stopped within half a minute' },
  args: { id: idOption, ...common },
  async run({ args }) {
    const isCancelled = await withStore(args, (store) => store.tasks.cancelTask('everybody', idOf(args.id), Date.now()))
    if (!isCancelled) throw notFound('open task', args.id)
    print(args.json, { id: args.id }, `${args.id} is cancelled`)
  },
})

const pause = defineCommand({
  meta: { name: 'pause', description: 'Take no task any more; what is at work goes on' },
  args: { queue: queueOption, ...common },
  async run({ args }) {
    const { queue = '*' } = args
    await withStore(args, (store) => store.tasks.pauseQueue(queue, Date.now()))
    print(args.json, { paused: queue }, `${queue} is paused; parley tasks resume ${queue} goes on`)
  },
})

const resume = defineCommand({
  meta: { name: 'resume', description: 'Take tasks again' },
  args: { queue: queueOption, ...common },
  async run({ args }) {
    const { queue = '*' } = args
    await withStore(args, (store) => store.tasks.resumeQueue(queue))
    print(args.json, { resumed: queue }, `${queue} goes on`)
  },
})

const drain = defineCommand({
  meta: { name: 'drain', description: 'Pause, and wait until nothing is at work any more' },
  args: { queue: queueOption, ...common },
  async run({ args }) {
    const { queue = '*' } = args
    await withStore(args, async (store) => {
      await store.tasks.pauseQueue(queue, Date.now())
      while ((await atWork(store, queue)) > 0) await sleep(LOOK_EVERY_MS)
    })
    print(args.json, { drained: queue }, `nothing of ${queue} is at work; parley tasks resume ${queue} goes on`)
  },
})

const stats = defineCommand({
  meta: { name: 'stats', description: 'How many tasks there are, what is paused, and when schedules come' },
  args: { ...common, watch: watchOption },
  async run({ args }) {
    await withStore(args, async (store) => {
      do {
        const found = await store.tasks.taskStats(Date.now())
        const counts = found.queues.map(({ queue, state, count }) => [queue, state, String(count)])
        const times = found.schedules.map(({ name, nextAt, lastAt }) => [name, when(lastAt), when(nextAt)])
        const paused = found.paused.length > 0 ? `paused: ${found.paused.join(', ')}` : 'nothing is paused'
        const waits = `longest wait: ${(found.waitedMs / 1000).toFixed(1)} s; ${paused}`
        const parts = [table(['queue', 'state', 'tasks'], counts), waits, table(['schedule', 'last', 'next'], times)]
        print(args.json, found, parts.join('\n\n'))
        if (args.watch) await sleep(LOOK_EVERY_MS)
      } while (args.watch)
    })
  },
})

export const tasks = defineCommand({
  meta: { name: 'tasks', description: 'What runs in the background' },
  subCommands: { list, show, retry, cancel, drain, pause, resume, stats },
})

/** Until the command is interrupted. */
async function watch(store: Store, onChange: (task: ChangedTask) => void): Promise<void> {
  const told = new Map<string, number>()
  for (let since = Date.now(); ; await sleep(LOOK_EVERY_MS))
    for (const task of await store.tasks.changedSince('everybody', since, 100)) {
      since = task.changedAt
      if (told.get(task.id) === task.changedAt) continue
      told.set(task.id, task.changedAt)
      onChange(task)
    }
}

async function atWork(store: Store, queue: string): Promise<number> {
  const { queues } = await store.tasks.taskStats(Date.now())
  const of = queues.filter((one) => one.state === 'taken' && (queue === '*' || one.queue === queue))
  return of.reduce((sum, { count }) => sum + count, 0)
}

const linesOf = (found: readonly ChangedTask[]): string =>
  table(
    ['task', 'name', 'state', 'attempt', 'user', 'begun', 'error'],
    found.map(({ id, name, state, attempt, attempts, userId, startedAt, error }) => [
      id,
      name,
      state,
      `${attempt}/${attempts}`,
      userId ?? '-',
      when(startedAt),
      error?.message ?? '',
    ]),
  )

function shown(name: string, value: unknown): string {
  if (name.endsWith('At') && (typeof value === 'number' || value === null)) return when(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function idOf(text: string): TaskId {
  if (!isId('task', text)) throw notFound('task', text)
  return text
}

function stateOf(text: string): TaskState {
  const state = TASK_STATES.find((one) => one === text)
  if (!state) throw invalid(`--state: expected one of ${TASK_STATES.join(', ')}`)
  return state
}
