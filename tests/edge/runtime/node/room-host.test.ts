// How a room lives on Node: its verbs one at a time, its alarm, its secrets.
import { describe, expect, it } from 'vitest'
import { SessionSecrets } from '#edge/session/session-secrets.ts'
import { Alarm, hostRoom, Mailbox } from '#edge/runtime/node/room-host.ts'
import { silentLog } from '#shared/log.ts'
import { TICKET_VALID_MS } from '#shared/protocol/limits.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

describe('mailbox', () => {
  it('[SES34] verbs run one at a time and in order, also those that a verb calls', () => {
    const order: string[] = []
    const mailbox = new Mailbox(() => {})
    mailbox.post(() => {
      mailbox.post(() => {
        mailbox.post(() => void order.push('last'))
        order.push('called by the first')
      })
      order.push('first')
    })
    expect(order).toEqual(['first', 'called by the first', 'last'])
  })

  it('[SES34] a bug in a verb is told and does not stop the next', () => {
    const bugs: unknown[] = []
    const order: string[] = []
    const mailbox = new Mailbox((bug) => bugs.push(bug))
    mailbox.post(() => {
      mailbox.post(() => void order.push('next'))
      throw new Error('one')
    })
    expect(bugs).toEqual([new Error('one')])
    expect(order).toEqual(['next'])
  })

  it('[SES34] whoever asks gets what the verb gives or throws', async () => {
    const { ask } = hostRoom({ clock: createVirtualClock(), log: silentLog, ring: () => {} })
    const breaks = (): never => {
      throw new Error('one')
    }
    expect(await ask(() => 1)).toBe(1)
    await expect(ask(breaks)).rejects.toThrow('one')
    await expect(ask(() => Promise.reject(new Error('two')))).rejects.toThrow('two')
  })
})

describe('alarm', () => {
  it('[SES30] rings at its time; a later time waits for the ring, an earlier one replaces it, none clears it', async () => {
    const clock = createVirtualClock(0)
    const rung: number[] = []
    let timers = 0
    const alarm = new Alarm(
      { ...clock, after: (ms, run) => (timers++, clock.after(ms, run)), now: () => clock.now() },
      () => rung.push(clock.now()),
    )
    alarm.set(100)
    alarm.set(200)
    expect(timers).toBe(1)
    alarm.set(50)
    await clock.advance(100)
    expect(rung).toEqual([50])
    alarm.set(150)
    alarm.set(undefined)
    await clock.advance(100)
    expect(rung).toEqual([50])
    expect(clock.pending).toBe(0)
  })
})

describe('secrets', () => {
  it('[SES17] a ticket is good for 30 s, for its epoch, and only once even for two dials at a time', async () => {
    const by = { nodeId: 'nod_a' as const, placedAt: { nodeId: 'nod_a' as const, epoch: 1 }, now: 0 }
    const secrets = new SessionSecrets()
    const { ticket, expiresAt } = secrets.mintTicket(1, 0)
    expect(expiresAt).toBe(TICKET_VALID_MS)
    expect(await secrets.burnTicket(ticket, { ...by, now: expiresAt })).toBe(false)
    expect(await secrets.burnTicket(ticket, { ...by, placedAt: { ...by.placedAt, epoch: 2 } })).toBe(false)
    expect(await secrets.burnTicket(ticket, { ...by, nodeId: 'nod_b' })).toBe(false)
    const both = await Promise.all([secrets.burnTicket(ticket, by), secrets.burnTicket(ticket, by)])
    expect(both.filter(Boolean)).toHaveLength(1)
  })
})
