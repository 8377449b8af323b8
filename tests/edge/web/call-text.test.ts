// The page's texts: none is missing, and each says what a caller can do.
import { describe, expect, it } from 'vitest'
import { demonstrationText, endText, faultText, turnText } from '#edge/web/call-text.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import type { FaultCode } from '#shared/fault.ts'
import { AdmissionRefusal } from '#shared/model/node.ts'
import { Quota } from '#shared/model/quota.ts'
import { END_REASONS } from '#shared/protocol/session-messages.ts'

const CODES = Object.keys(FAULT_TABLE) as FaultCode[]

describe('the words of the page', () => {
  it('[WEB16] has a sentence for each fault, the edge’s own where it has no better one', () => {
    for (const code of CODES) expect(faultText({ code, message: 'As the edge says.' })).toMatch(/^[A-Z].+[.…]$/)
    expect(faultText({ code: 'blocked', message: 'As the edge says.' })).toBe('As the edge says.')
    expect(faultText({ code: 'a_later_one', message: 'As the edge says.' })).toBe('As the edge says.')
  })

  it('[WEB16] names the limit that was passed', () => {
    const fault = { code: 'too_large', message: '', max: 1_000, unit: 'characters' }
    expect(faultText(fault)).toContain('1,000 characters')
    expect(faultText({ ...fault, max: 60_000, unit: 'ms' })).toContain('60 seconds')
  })

  it('[WEB16] says why a node with a free place takes nobody', () => {
    const fault = { code: 'no_capacity', message: '' }
    for (const reason of AdmissionRefusal.options) {
      expect(faultText({ ...fault, reason })).toMatch(/^[A-Z].+\. Trying again by itself …$/)
      expect(faultText({ ...fault, reason })).not.toBe(faultText(fault))
    }
    expect(faultText({ ...fault, reason: 'a_later_one' })).toBe(faultText(fault))
  })

  it('[WEB16] says which quota is used up', () => {
    const fault = { code: 'quota_exhausted', message: '' }
    const said = Quota.options.map((quota) => faultText({ ...fault, quota }))
    for (const text of said) expect(text).toMatch(/^[A-Z].+\.$/)
    expect(new Set([...said, faultText(fault)]).size).toBe(Quota.options.length + 1)
    expect(faultText({ ...fault, quota: 'of a later version' })).toBe(faultText(fault))
  })

  it('[WEB16] has a sentence for each end of a call but the caller’s own', () => {
    for (const reason of [...END_REASONS, ...CODES].filter((reason) => !['caller', 'unauthenticated'].includes(reason)))
      expect(endText(reason)).toMatch(/^[A-Z].+\.$/)
    expect(endText('caller')).toBeUndefined()
    // The page shows how to sign in instead.
    expect(endText('unauthenticated')).toBeUndefined()
  })

  it('[WEB22] has one line for a turn in which something went wrong, and none where the persona said it', () => {
    const blocked = { code: 'blocked', message: 'As the edge says.' }
    expect(turnText({ status: 'failed', reply: 'Sorry, no.', fault: blocked })).toBeUndefined()
    expect(turnText({ status: 'failed', reply: '', fault: blocked })).toBe('As the edge says.')
    expect(turnText({ status: 'failed', reply: 'So far', fault: { code: 'engine_failed' } })).toMatch(
      /^An engine failed/,
    )
    expect(turnText({ status: 'failed', reply: '', fault: { code: 'a_later_one' } })).toBe('This reply failed.')
    expect(turnText({ status: 'failed', reply: '', fault: undefined })).toBe('This reply failed.')
    expect(turnText({ status: 'cut', reply: 'So far', fault: undefined })).toBe('The connection was lost here.')
    expect(turnText({ status: 'complete', reply: 'All.', fault: undefined })).toBeUndefined()
  })

  it('[WEB16] names the engines that are there for demonstration only', () => {
    const engine = { role: 'stt', name: 'ears', version: '1', demonstration: true } as const
    expect(demonstrationText([engine, { ...engine, role: 'tts', name: 'mouth', demonstration: false }])).toBe(
      'Demonstration engines: speech recognition (ears).',
    )
    expect(demonstrationText([])).toBeUndefined()
  })
})
