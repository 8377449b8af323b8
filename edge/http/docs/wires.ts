// GET /wires.json: the three wires, each message as JSON Schema, and the call of a minimal client as an example. For authors of
// clients and nodes. It is made of shared/protocol, which is the truth.
import { Hono } from 'hono'
import type * as v from 'valibot'
import { ChatDown, ChatUp } from '#shared/protocol/chat-messages.ts'
import { EdgeControlMessage, NodeControlMessage } from '#shared/protocol/node-messages.ts'
import { EdgeSessionMessage, NodeSessionMessage } from '#shared/protocol/session-messages.ts'
import {
  CHAT_PROTOCOL,
  NODE_PROTOCOL,
  RESUME_PREFIX,
  SESSION_PROTOCOL,
  TICKET_PREFIX,
} from '#shared/protocol/version.ts'
import { MESSAGE_WORDS, wordsOf } from '#shared/protocol/wire-words.ts'
import { jsonSchemaOf, type JsonSchema } from '#edge/http/operation/json-schema.ts'

const CACHE_SECONDS = 300

/** Binary frames are the same on /ws/chat and on a session's data wire. */
export const AUDIO_FRAME = {
  header: '8 bytes, little endian: kind u8 (1), flags u8 (0), turn u16, sequence u32',
  payload: 'PCM16, mono, 20 to 200 ms; by default 16 kHz up and 24 kHz down, agreed in session.start and session.ready',
  sequence: 'shares its counter with `seq` of the text messages of that direction',
} as const

/**
 * The seven messages of a minimal client, which leaves acknowledging to the edge and pings while it sends no audio. A test reads
 * each by the wire's schema.
 */
export const MINIMAL_CALL = [
  { from: 'client', message: { type: 'session.start', acks: false } },
  {
    from: 'edge',
    message: {
      type: 'session.ready',
      id: 'msg_example',
      sessionId: 'ses_example',
      conversationId: 'cnv_example',
      heartbeat: { pingEveryMs: 2_000, deadAfterMs: 8_000 },
      personaId: 'per_default',
      personaName: 'Parley',
      language: 'en',
      audio: { inputRate: 16_000, outputRate: 24_000 },
      options: {
        softEndMs: 200,
        hardEndMs: 500,
        bargeInMs: 300,
        speechStartMs: 64,
        speechThreshold: 0.5,
        silenceThreshold: 0.35,
        speculation: true,
      },
      engines: [],
    },
  },
  { from: 'client', audio: 'frames of the microphone, as they come' },
  {
    from: 'edge',
    message: { type: 'transcript.final', seq: 4, turnId: 'trn_example', text: 'How are you today?', language: 'en' },
  },
  {
    from: 'edge',
    message: { type: 'reply.text', seq: 6, turnId: 'trn_example', text: 'Fine, thank you.', startSample: 0 },
  },
  { from: 'edge', audio: 'frames of the reply, at most 2 s ahead of real time' },
  {
    from: 'edge',
    message: {
      type: 'reply.done',
      seq: 60,
      turnId: 'trn_example',
      status: 'complete',
      replyText: 'Fine, thank you.',
      heardText: 'Fine, thank you.',
      sentSamples: 26_400,
      timings: {
        endpointMs: 512,
        sttMs: 80,
        llmFirstTokenMs: 30,
        ttsFirstAudioMs: 120,
        replyMs: 240,
        voiceToVoiceMs: 752,
        speculated: false,
      },
    },
  },
] as const

export const WIRES = {
  [CHAT_PROTOCOL]: { address: '/ws/chat', up: ChatUp, down: ChatDown },
  [NODE_PROTOCOL]: { address: '/node/control', up: NodeControlMessage, down: EdgeControlMessage },
  [SESSION_PROTOCOL]: { address: '/node/session/:id', up: NodeSessionMessage, down: EdgeSessionMessage },
} as const

export function wireRoutes() {
  let made: object | undefined
  return new Hono().get('/wires.json', (c) => {
    made ??= describeWires()
    c.header('cache-control', `public, max-age=${CACHE_SECONDS}`)
    return c.json(made)
  })
}

export interface DescribedMessage extends JsonSchema {
  description: string
  properties: Record<string, JsonSchema>
}

/** The messages of one direction, as JSON Schema with the words of shared/protocol/wire-words.ts. */
export function describedMessages(union: v.GenericSchema): DescribedMessage[] {
  const { oneOf = [] } = jsonSchemaOf(union) as {
    oneOf?: Array<JsonSchema & { properties: Record<string, JsonSchema> }>
  }
  return oneOf.map((message) => {
    const type = (message.properties['type'] as { const: keyof typeof MESSAGE_WORDS }).const
    const { properties } = worded(message, type, '') as { properties: Record<string, JsonSchema> }
    return { title: type, description: MESSAGE_WORDS[type], ...message, properties }
  })
}

/** Each field gets its sentence; a schema that is no object passes through. */
function worded(schema: JsonSchema, type: string, at: string): JsonSchema {
  const within = (one: JsonSchema): JsonSchema => worded(one, type, at)
  const { properties, items, anyOf, oneOf } = schema as Record<string, never> as Parts
  const fields = Object.entries(properties ?? {}).map(([name, field]) => {
    const path = at === '' ? name : `${at}.${name}`
    const { words } = wordsOf(type, path) ?? {}
    return [name, { ...(words !== undefined && { description: words }), ...worded(field, type, path) }]
  })
  return {
    ...schema,
    ...(properties && { properties: Object.fromEntries(fields) as object }),
    ...(items && { items: worded(items, type, `${at}[]`) }),
    ...(anyOf && { anyOf: anyOf.map(within) }),
    ...(oneOf && { oneOf: oneOf.map(within) }),
  }
}
interface Parts {
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
}

function describeWires(): object {
  const wires = Object.entries(WIRES).map(([subprotocol, { address, up, down }]) => ({
    subprotocol,
    address,
    up: { oneOf: describedMessages(up) },
    down: { oneOf: describedMessages(down) },
  }))
  const secrets = { ticket: `${TICKET_PREFIX}<ticket or ek_…>`, resume: `${RESUME_PREFIX}<resumeToken>` }
  return {
    heartbeat: ['{"type":"ping"}', '{"type":"pong"}'],
    secrets,
    audioFrame: AUDIO_FRAME,
    wires,
    minimalCall: MINIMAL_CALL,
  }
}
