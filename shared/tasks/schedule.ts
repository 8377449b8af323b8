// When a task comes again and again: a cron expression with its time zone. The only place that knows croner. Pure.
import { Cron } from 'croner'

export interface TaskSchedule {
  /** The name of the schedule, e.g. `upkeep.sessions`. */
  name: string
  /** Five fields, or six with seconds first: `0 3 * * *`. */
  cron: string
  /** IANA, e.g. `Asia/Taipei`. */
  timeZone: string
  /** The kind of task that it plans. */
  task: string
  payload: unknown
  /** A house that sees it for the first time does it at once, and not at its first time. */
  isDueAtStart?: boolean
}

/** The first time after `after`; undefined where there is none (e.g. 30 February). Throws for what is no expression. */
export function nextTime(
  { cron, timeZone }: Pick<TaskSchedule, 'cron' | 'timeZone'>,
  after: number,
): number | undefined {
  return new Cron(cron, { timezone: timeZone, paused: true }).nextRun(new Date(after))?.getTime()
}

/**
 * What is to be planned now. However many times were missed, it is planned once. `nextAt` is what was written the last
 * time; undefined for a schedule that is new.
 */
export function dueOf(
  schedule: TaskSchedule,
  nextAt: number | undefined,
  now: number,
): { isDue: boolean; nextAt: number | undefined } {
  if (nextAt !== undefined && nextAt > now) return { isDue: false, nextAt }
  const isDue = nextAt !== undefined || schedule.isDueAtStart === true
  return { isDue, nextAt: nextTime(schedule, now) }
}
