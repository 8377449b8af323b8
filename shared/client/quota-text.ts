// What a person is told of quotas: that one is nearly or quite used up. Used by the page and the command line; the only place that
// puts it in English.
import { Quota } from '#shared/model/quota.ts'

const FAULT_TEXT: Record<Quota, string> = {
  sessions: 'You have as many calls open as you may. End another one first.',
  tokens: 'Your words for today are used up; there are new ones at midnight (UTC).',
  audioMs: 'Your minutes for today are used up; there are new ones at midnight (UTC).',
  cost: 'Your budget for today is used up; there is a new one at midnight (UTC).',
  serviceCost: 'The budget of this service for today is used up; there is a new one at midnight (UTC).',
}
const NEAR_TEXT: Record<Quota, string> = {
  sessions: 'You have nearly as many calls open as you may.',
  tokens: 'Most of your words for today are used.',
  audioMs: 'Most of your minutes for today are used.',
  cost: 'Most of your budget for today is used.',
  serviceCost: 'Most of the budget of this service for today is used.',
}

const quotaIn = (name: string | undefined): Quota | undefined => Quota.options.find((quota) => quota === name)

/** What the fault quota_exhausted says in words; undefined for a quota of a later version. */
export function quotaFaultText(name: string | undefined): string | undefined {
  const quota = quotaIn(name)
  return quota && FAULT_TEXT[quota]
}

/** What the notice limitNear says in words; its detail is a quota and the percent used. Undefined for any other notice. */
export function limitNearText(detail: string | undefined): string | undefined {
  const [name, percent] = detail?.split(' ') ?? []
  const quota = quotaIn(name)
  return quota && (percent === '100' ? FAULT_TEXT : NEAR_TEXT)[quota]
}
