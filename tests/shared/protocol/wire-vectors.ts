// The published test vectors of the wires, read and typed. tests/fixtures/wire-vectors.json says itself what they mean.
import { readFileSync } from 'node:fs'
import type { Schema } from '#shared/protocol/decode.ts'
import { ChatDown, ChatUp } from '#shared/protocol/chat-messages.ts'
import { EdgeControlMessage, NodeControlMessage } from '#shared/protocol/node-messages.ts'
import { EdgeSessionMessage, NodeSessionMessage } from '#shared/protocol/session-messages.ts'

/** Exactly what of a fault goes over the wire as facts. */
export interface VectorFault {
  code: string
  limit?: string
  max?: number
  got?: number
  unit?: string
}

export interface WireVectors {
  about: string[]
  heartbeat: { ping: string; pong: string }
  closeCodes: {
    resume: number
    replaced: number
    faults: Array<{ code: string; close: number; http: number; retry: string }>
  }
  subprotocols: {
    examples: Array<{ name: string; header: string; answer: string | null; ticket?: string; resumeToken?: string }>
  }
  wires: Record<
    WireName,
    {
      maxBytes: number
      valid: Array<{ name: string; message: { type: string } }>
      invalid: Array<{ name: string; message?: unknown; text?: string; fault: VectorFault }>
    }
  >
  audioFrames: {
    valid: Array<{ name: string; rate: number; hex: string; turn: number; sequence: number; samples: number[] }>
    invalid: Array<{ name: string; rate: number; hex: string; fault: VectorFault }>
  }
}

export const WIRES = {
  chatUp: ChatUp,
  chatDown: ChatDown,
  nodeControlUp: NodeControlMessage,
  nodeControlDown: EdgeControlMessage,
  sessionDown: EdgeSessionMessage,
  sessionUp: NodeSessionMessage,
} as const satisfies Record<string, Schema<unknown> & { options: Array<{ entries: { type: { literal: string } } }> }>
export type WireName = keyof typeof WIRES

export function readVectors(): WireVectors {
  const text = readFileSync(new URL('../../fixtures/wire-vectors.json', import.meta.url), 'utf8')
  return expand(JSON.parse(text)) as WireVectors
}

/** Puts the repeated text in the place of each `$repeat`, and joins hex that is given in parts. */
function expand(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(expand)
  if ('$repeat' in value) {
    const [part, times] = value.$repeat as [string | number, number]
    return typeof part === 'string' ? part.repeat(times) : Array<number>(times).fill(part)
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, held]) => {
      const expanded = expand(held)
      return [key, key === 'hex' && Array.isArray(expanded) ? expanded.join('') : expanded]
    }),
  )
}
