// Our bounds against those of the platform: what an object receives, keeps and does in one event stays within what it may.
import { readFileSync } from 'node:fs'
import { serialize } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { MAX_CLAIM_CHARS, MAX_SECRET_HASH_CHARS } from '#edge/limits/single-use.ts'
import { MAX_BUCKET_CHARS } from '#edge/limits/token-bucket.ts'
import { attachmentText, readAttachment } from '#edge/runtime/workers/attachment.ts'
import { MAX_BUCKETS, MAX_SECRETS } from '#edge/runtime/workers/limits-shards.ts'
import * as platform from '#edge/runtime/workers/platform-limits.ts'
import { Alarm } from '#edge/runtime/workers/room-host.ts'
import { MAX_BLOB_BYTES } from '#shared/blob.ts'
import { newId } from '#shared/ids.ts'
import { decode } from '#shared/protocol/decode.ts'
import {
  ACK_EVERY_MS,
  MAX_NODE_MESSAGE_BYTES,
  MAX_SOCKET_MESSAGE_BYTES,
  PING_EVERY_MS,
} from '#shared/protocol/limits.ts'
import { NodeControlMessage } from '#shared/protocol/node-messages.ts'

const FRAME_MS = 20

describe('the limits of the platform', () => {
  it('[WRK4] a message that we accept is one that the runtime delivers', () => {
    expect(MAX_SOCKET_MESSAGE_BYTES).toBeLessThan(platform.PLATFORM_MESSAGE_BYTES)
  })

  it('[WRK4] ten files of the largest size fit into the memory of an isolate at once', () => {
    expect(10 * MAX_BLOB_BYTES).toBeLessThan(platform.PLATFORM_ISOLATE_BYTES)
  })

  it('[WRK5] an attachment comes back as it was, and what it weighs is known before it is written', () => {
    const attachment = { nodeId: newId('node'), since: Date.now(), name: '雪 é "' }
    expect(readAttachment(attachmentText(attachment))).toEqual(attachment)
    const overhead = JSON.stringify({ x: '' }).length
    const ofLength = (length: number) => attachmentText({ x: 'x'.repeat(length - overhead) })
    const longest = ofLength(platform.PLATFORM_ATTACHMENT_BYTES - 8)
    expect(serialize(longest).byteLength).toBeLessThanOrEqual(platform.PLATFORM_ATTACHMENT_BYTES)
    expect(() => ofLength(platform.PLATFORM_ATTACHMENT_BYTES - 7)).toThrow('an attachment fits')
    // Six plain characters each.
    expect(() => attachmentText({ x: '雪'.repeat(platform.PLATFORM_ATTACHMENT_BYTES / 6) })).toThrow(
      'an attachment fits',
    )
  })

  it('[WRK4] a full shard of the longest buckets or secrets is a value that storage takes', () => {
    const longest = (at: number, chars: number): string => `${at}`.padEnd(chars, '漢')
    const buckets = Array.from({ length: MAX_BUCKETS }, (_, at) => [longest(at, MAX_BUCKET_CHARS), Date.now() + 0.5])
    const secret = () => ({ claim: longest(0, MAX_CLAIM_CHARS), expiresAt: Date.now() })
    const secrets = Array.from({ length: MAX_SECRETS }, (_, at) => [longest(at, MAX_SECRET_HASH_CHARS), secret()])
    for (const entries of [buckets, secrets])
      expect(serialize(entries).byteLength).toBeLessThan(platform.PLATFORM_VALUE_BYTES)
  })

  it('[WRK4] a session needs less than half of the messages that its object carries', () => {
    const ofOnePeer = 1000 / FRAME_MS + 1000 / ACK_EVERY_MS + 1000 / PING_EVERY_MS
    expect(2 * ofOnePeer).toBeLessThan(platform.PLATFORM_MESSAGES_PER_SECOND / 2)
  })

  it('[WRK4] one alarm serves all deadlines: the earliest that was named is the one that is set', () => {
    let pending: number[] = []
    const alarm = new Alarm({
      setAlarm: async (at) => void (pending = [...pending, at].slice(-platform.PLATFORM_ALARMS)),
    })
    for (const at of [300, 200, 400, undefined, 250]) alarm.set(at)
    expect(pending).toEqual([200])
    alarm.rang()
    alarm.set(400)
    expect(pending).toEqual([400])
  })

  it('[WRK4] the longest message of a node, all of it wrong, costs a small part of the processor time of an event', () => {
    expect(readFileSync('wrangler.toml', 'utf8')).not.toMatch(/^\[limits\]|cpu_ms/m)
    const wrong = (sessions: string): string => `{"type":"node.status","sessions":[${sessions}]}`
    const text = wrong('0,'.repeat((MAX_NODE_MESSAGE_BYTES - wrong('0').length) / 2) + '0')
    const before = process.cpuUsage()
    const read = decode(NodeControlMessage, text, MAX_NODE_MESSAGE_BYTES)
    const { user, system } = process.cpuUsage(before)
    expect(read).toMatchObject({ ok: false, fault: { code: 'invalid_message' } })
    expect((user + system) / 1000).toBeLessThan(platform.PLATFORM_EVENT_CPU_MS / 10)
  })
})
