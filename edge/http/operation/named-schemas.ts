// Schemas that /openapi.json shows once, by name, and refers to: those of the models, and those that routes name where they write them.
// A name is given when a file is loaded; nothing changes afterwards.
import type * as v from 'valibot'
import { Conversation, ConversationSummary } from '#shared/model/conversation.ts'
import { EngineInfo, EngineReport, EngineWishes } from '#shared/model/engine.ts'
import { Machine } from '#shared/model/node.ts'
import { PersonaLimits } from '#shared/model/persona.ts'
import { SafetyPolicy } from '#shared/model/safety-policy.ts'
import { Timings, TurnRecord, Usage } from '#shared/model/turn.ts'
import { VoiceProfile, VoiceQuality } from '#shared/model/voice-profile.ts'
import { Vram } from '#shared/protocol/node-messages.ts'
import { invariant } from '#shared/invariant.ts'
import { Problem } from '#edge/http/plumbing/problem.ts'

const NAMED: Record<string, v.GenericSchema> = {
  Problem,
  ConversationSummary,
  Conversation,
  Turn: TurnRecord,
  Timings,
  TurnUsage: Usage,
  EngineInfo,
  EngineReport,
  EngineWishes,
  Machine,
  Vram,
  PersonaLimits,
  SafetyPolicy,
  VoiceProfile,
  VoiceQuality,
}

/** Gives a route's schema its name in /openapi.json. */
export function named<S extends v.GenericSchema>(name: string, schema: S): S {
  invariant(!Object.hasOwn(NAMED, name), `two schemas are named ${name}`)
  NAMED[name] = schema
  return schema
}

export const namedSchemas = (): Readonly<Record<string, v.GenericSchema>> => NAMED
