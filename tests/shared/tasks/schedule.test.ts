// When schedules come: time zones, the two nights of the year, and what was missed.
import { describe, expect, it } from 'vitest'
import { dueOf, nextTime } from '#shared/tasks/schedule.ts'

const at = (text: string): number => new Date(text).getTime()
const daily = { name: 's', cron: '0 3 * * *', timeZone: 'Asia/Taipei', task: 't', payload: null }

describe('schedules', () => {
  it.each([
    ['0 3 * * *', 'Asia/Taipei', '2026-11-01T00:00:00Z', '2026-11-01T19:00:00.000Z'],
    ['*/15 * * * *', 'UTC', '2026-11-01T00:15:00Z', '2026-11-01T00:30:00.000Z'],
    // The hour that is not there, and the hour that is there twice.
    ['30 2 * * *', 'Europe/Berlin', '2026-03-29T00:00:00Z', '2026-03-29T01:00:00.000Z'],
    ['30 2 * * *', 'Europe/Berlin', '2026-10-25T00:00:00Z', '2026-10-25T00:30:00.000Z'],
  ])('[TSK11] %s in %s', (cron, timeZone, after, next) => {
    expect(new Date(nextTime({ cron, timeZone }, at(after)) ?? 0).toISOString()).toBe(next)
  })

  it('[TSK11] what was missed is due once, and a new one only where it says so', () => {
    const now = at('2026-11-01T00:00:00Z')
    const next = at('2026-11-01T19:00:00Z')
    expect(dueOf(daily, now - 10 * 24 * 60 * 60_000, now)).toEqual({ isDue: true, nextAt: next })
    expect(dueOf(daily, next, now)).toEqual({ isDue: false, nextAt: next })
    expect(dueOf(daily, undefined, now)).toEqual({ isDue: false, nextAt: next })
    expect(dueOf({ ...daily, isDueAtStart: true }, undefined, now)).toEqual({ isDue: true, nextAt: next })
    expect(nextTime({ cron: '0 0 30 2 *', timeZone: 'UTC' }, now)).toBeUndefined()
  })
})
