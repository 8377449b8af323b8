// The table of tasks as a runner needs it, in libSQL: single statements and batches only. Several runners may take from
// it at once. Statements name their partial index: without figures of the table SQLite takes a wider one. Made by the edge's store and by the GPU node over their databases.
import { sql, type SQL } from 'drizzle-orm'
import type { TaskId } from '#shared/ids.ts'
import { dueOf } from '#shared/tasks/schedule.ts'
import type { Attempt } from '#shared/tasks/task.ts'
import { reduceTask, type TaskFacts } from '#shared/tasks/task-reduce.ts'
import type { PlannedTask, Settlement, TaskTable, Wanted } from '#shared/tasks/task-table.ts'
import { insertTask, isAttempt, takenOf, TAKEN, type TakenRow, type TaskDatabase } from './task-rows.ts'

/**
 * Rows that one taking looks at in a queue. More of them stand before others only where their users have as many tasks at
 * work as they may; they are looked at again when one of these ends.
 */
const LOOKED_AT = 300
/** Holders that vanished, and tasks whose time has come, a taking. The next one goes on. */
const AT_ONCE = 1_000

export function createTaskTable(db: TaskDatabase): TaskTable {
  return {
    async take(wanted, { now, until }) {
      const statements = [
        lapse(db, now),
        ready(db, now),
        ...wanted.flatMap((one) => [takeFrom(db, one, { now, until }), advance(db, one.queue)]),
        db.all<{ at: number | null }>(nextDue()),
      ] as const
      const results: unknown[] = await db.batch(statements as never)
      const tasks = wanted.flatMap((_, at) => (results[2 + 2 * at] as TakenRow[]).map(takenOf))
      const [next] = results.at(-1) as { at: number | null }[]
      return { tasks, nextAt: next?.at ?? undefined }
    },

    async renew(held, { now, until }) {
      if (held.length === 0) return { held: [], cancelled: [] }
      const rows = await db.all<{ id: TaskId; cancelAt: number | null }>(sql`update task
        set taken_until = ${until}, changed_at = case when progress = one.p then changed_at else ${now} end, progress = one.p
        from (select value ->> 0 as i, value ->> 1 as a, value ->> 2 as p
          from json_each(${JSON.stringify(held.map(({ id, attempt, progress }) => [id, attempt, progress]))})) as one
        where id = one.i and attempt = one.a and state = 'taken'
        returning id, cancel_at as cancelAt`)
      return {
        held: rows.map(({ id }) => id),
        cancelled: rows.filter(({ cancelAt }) => cancelAt !== null).map(({ id }) => id),
      }
    },

    async settle(attempt, settlement) {
      const { rowsAffected } = await settleTask(db, attempt, settlement)
      return rowsAffected > 0
    },

    async plan(planned, now) {
      const rows = await db.all<{ name: string; nextAt: number | null }>(
        sql`select name, next_at as nextAt from task_schedule`,
      )
      const known = new Map(rows.map(({ name, nextAt }) => [name, nextAt ?? Infinity]))
      const times = await Promise.all(planned.map((one) => planOne(db, one, known.get(one.schedule.name), now)))
      return times.length > 0 ? Math.min(...times) : undefined
    },
  }
}

/**
 * Writes how an attempt ended: what reduceTask() says of it, with and without the wish to cancel it, which only the row
 * knows. For a batch with what the task effects.
 */
export function settleTask(db: TaskDatabase, attempt: Attempt & { attempts: number }, settlement: Settlement) {
  const { outcome, result = null, now, pauses, random } = settlement
  const facts: TaskFacts = {
    state: 'taken',
    attempt: attempt.attempt,
    attempts: attempt.attempts,
    runAfter: now,
    takenUntil: now,
    cancelAt: null,
    error: null,
    endedAt: null,
    expiresAt: null,
  }
  const event = { type: 'ended', attempt: attempt.attempt, outcome } as const
  const plain = reduceTask(facts, event, { now, pauses, random })
  const asked = reduceTask({ ...facts, cancelAt: now }, event, { now, pauses, random })
  const either = <T extends string | number | null>(pick: (one: TaskFacts) => T): SQL =>
    pick(plain) === pick(asked)
      ? sql`${pick(plain)}`
      : sql`case when cancel_at is null then ${pick(plain)} else ${pick(asked)} end`
  const isDone = outcome.type === 'done'
  return db.run(sql`update task set state = ${either((one) => one.state)}, attempts = ${either((one) => one.attempts)},
      run_after = ${either((one) => one.runAfter)}, is_ready = ${either((one) => (isReady(one, now) ? 1 : 0))},
      taken_until = null, cancel_at = null, ended_at = ${either((one) => one.endedAt)},
      expires_at = ${either((one) => one.expiresAt)}, changed_at = ${now},
      progress = ${isDone ? 1 : sql`progress`}, result = ${isDone ? JSON.stringify(result) : null},
      error = ${outcome.type === 'failed' ? JSON.stringify(outcome.error) : isDone ? null : sql`error`}
    where ${isAttempt(attempt)}`)
}

const isReady = ({ state, runAfter }: TaskFacts, now: number): boolean =>
  (state === 'queued' || state === 'failed') && runAfter <= now

/** Holders that were not heard of in time: their tasks are due. */
const lapse = (db: TaskDatabase, now: number) =>
  db.run(sql`update task set taken_until = null, cancel_at = null, changed_at = ${now}, run_after = ${now},
      state = case when cancel_at is null then 'failed' else 'cancelled' end, is_ready = cancel_at is null,
      ended_at = case when cancel_at is null then null else ${now} end,
      expires_at = case when cancel_at is null then null else ${now} end
    where id in (select id from task indexed by task_held where state = 'taken' and taken_until <= ${now} limit ${AT_ONCE})`)

/** Tasks whose time has come. */
const ready = (db: TaskDatabase, now: number) =>
  db.run(sql`update task set is_ready = 1 where id in (select id from task indexed by task_due
    where is_ready = 0 and state in ('queued', 'failed') and run_after <= ${now} order by run_after limit ${AT_ONCE})`)

function takeFrom(
  db: TaskDatabase,
  { queue, limit, atOnce, atOnceOfUser }: Wanted,
  { now, until }: { now: number; until: number },
) {
  const looked = sql`select id, user_id, priority, turn from task where is_ready = 1 and queue = ${queue}
    order by priority, turn, id limit ${LOOKED_AT}`
  // The place of each among those of its user; work of the house has no user and stands for itself.
  const placed = sql`select id, user_id, priority, turn,
    row_number() over (partition by coalesce(user_id, id) order by priority, turn, id) as place from (${looked})`
  const ofUser = sql`(select count(*) from task as other
    where other.state = 'taken' and other.queue = ${queue} and other.user_id = placed.user_id)`
  const atWork = sql`(select count(*) from task as other where other.state = 'taken' and other.queue = ${queue})`
  return db.all<TakenRow>(sql`update task set state = 'taken', is_ready = 0, attempt = attempt + 1, taken_until = ${until},
      started_at = ${now}, changed_at = ${now}
    where id in (select id from (${placed}) as placed where user_id is null or place <= ${atOnceOfUser} - ${ofUser}
        order by priority, turn, id limit max(0, min(${limit}, ${atOnce} - ${atWork})))
      and not exists (select 1 from task_pause where queue in (${queue}, '*'))
    returning ${TAKEN}`)
}

/** Who comes now stands behind what was taken last. */
const advance = (db: TaskDatabase, queue: string) =>
  db.run(sql`insert into task_lane (queue, priority, turn)
    select queue, priority, max(turn) from task where state = 'taken' and queue = ${queue} group by priority
    on conflict do update set turn = max(turn, excluded.turn)`)

const nextDue = (): SQL => sql`select min(at) as at from (
    select min(run_after) as at from task indexed by task_due where is_ready = 0 and state in ('queued', 'failed')
    union all select min(taken_until) from task indexed by task_held where state = 'taken')`

async function planOne(
  db: TaskDatabase,
  { schedule, queue, priority, attempts }: PlannedTask,
  known: number | undefined,
  now: number,
): Promise<number> {
  const { isDue, nextAt = Infinity } = dueOf(schedule, known, now)
  if (known !== undefined && nextAt === known) return nextAt
  const { name } = schedule
  const at = nextAt === Infinity ? null : nextAt
  const task = { name: schedule.task, payload: schedule.payload, dedupeKey: `schedule ${name}` }
  // Of several runners that see it at once, one finds the time as it was.
  const isMine =
    known === undefined
      ? sql`not exists (select 1 from task_schedule where name = ${name})`
      : sql`exists (select 1 from task_schedule where name = ${name} and next_at = ${known})`
  const moved =
    known === undefined
      ? db.run(sql`insert into task_schedule (name, next_at, last_at) values (${name}, ${at}, ${isDue ? now : null})
        on conflict do nothing`)
      : db.run(
          sql`update task_schedule set next_at = ${at}, last_at = ${now} where name = ${name} and next_at = ${known}`,
        )
  const planned = insertTask(db, { ...task, queue, priority, attempts }, { now }, isDue ? isMine : sql`0`)
  await db.batch([planned, moved])
  return nextAt
}
