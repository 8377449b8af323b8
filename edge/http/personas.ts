// /api/personas: the personas that a caller can talk to. The operator makes and changes them; only he sees their instructions.
import { Hono } from 'hono'
import * as v from 'valibot'
import { FaultError, notFound } from '#shared/fault.ts'
import { isId, type PersonaId, type VoiceProfileId } from '#shared/ids.ts'
import { EngineWishes } from '#shared/model/engine.ts'
import { DEFAULT_PERSONA_ID, MAX_INSTRUCTIONS_TOKENS, Persona, PersonaLimits } from '#shared/model/persona.ts'
import { DEFAULT_SAFETY_POLICY, SafetyPolicy } from '#shared/model/safety-policy.ts'
import { estimateTokens } from '#shared/prompt-tokens.ts'
import { KeepAudioDays } from '#shared/model/turn-audio.ts'
import { TtsMode } from '#shared/protocol/session-messages.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'
import { refuseUnsafe, type SafeTextPorts } from '#edge/http/plumbing/safe-text.ts'
import { VoiceProfileIdSchema } from '#shared/model/ids.ts'

const { id, name, instructions, language, voice, script, limits, engines } = Persona.entries
const Shown = named('PersonaSummary', v.object({ id, name, language, script }))
const VoiceOfProfile = v.nullable(VoiceProfileIdSchema)
const spoken = { voice, ttsMode: TtsMode, voiceProfileId: VoiceOfProfile, keepAudioDays: KeepAudioDays }
const shownSafety = v.nullish(SafetyPolicy, DEFAULT_SAFETY_POLICY)
const Full = named(
  'Persona',
  v.object({ id, name, instructions, language, script, ...spoken, limits, engines, safety: shownSafety }),
)
/** Strict: a misspelt limit or wish is refused. */
const Limits = v.strictObject(PersonaLimits.entries)
const Engines = v.strictObject(EngineWishes.entries)
const NewPersona = named(
  'NewPersona',
  v.strictObject({
    name,
    instructions,
    language,
    script,
    voice: v.optional(voice, null),
    ttsMode: v.optional(TtsMode, 'fast'),
    voiceProfileId: v.optional(VoiceOfProfile, null),
    keepAudioDays: v.optional(KeepAudioDays, 0),
    limits: v.optional(Limits, {}),
    engines: v.optional(Engines, {}),
    /** Null: the usual filters. */
    safety: v.optional(v.nullable(SafetyPolicy), null),
  }),
)
const Change = named(
  'PersonaChange',
  v.pipe(
    v.partial(
      v.strictObject({
        name,
        instructions,
        language,
        script: script.wrapped,
        ...spoken,
        limits: Limits,
        engines: Engines,
        safety: v.nullable(SafetyPolicy),
      }),
    ),
    v.minEntries(1, 'expected a field to change'),
  ),
)

export function personaRoutes(ports: OperationPorts & SafeTextPorts) {
  const { personas } = ports.store
  const { list, one, make, change, remove } = operationsOf(ports)
  const mustKnow = async (id: VoiceProfileId | null): Promise<void> => {
    if (id !== null && !(await ports.store.voices.voice('everybody', id))) throw notFound('voice profile', id)
  }
  return new Hono<OperationEnv>()
    .get('/personas', list, async (c) => {
      const all = await personas.listPersonas()
      return c.json({ personas: all.map((persona) => v.parse(Shown, persona)) })
    })
    .get('/personas/:id', one, async (c) => {
      const personaId = personaIdOf(c.req.param('id'))
      const found = await personas.persona(personaId)
      if (!found) throw notFound('persona', personaId)
      return c.json(v.parse(Full, found))
    })
    .post('/personas', make, async (c) => {
      const made = c.req.valid('json')
      refuseLong(made.instructions)
      await mustKnow(made.voiceProfileId)
      // Its instructions are the operator's own, and shown to no one else.
      refuseUnsafe(ports, made.name)
      return c.json({ id: await personas.addPersona(made, ports.clock.now()) }, 201)
    })
    .patch('/personas/:id', change, async (c) => {
      const changed = c.req.valid('json')
      refuseLong(changed.instructions)
      await mustKnow(changed.voiceProfileId ?? null)
      refuseUnsafe(ports, changed.name)
      const personaId = personaIdOf(c.req.param('id'))
      if (!(await personas.changePersona(personaId, changed))) throw notFound('persona', personaId)
      return c.body(null, 204)
    })
    .delete('/personas/:id', remove, async (c) => {
      const personaId = personaIdOf(c.req.param('id'))
      const inUse = (found: string) => new FaultError({ code: 'conflict', kind: 'persona', id: personaId, found })
      // Sessions that name no persona begin with it.
      if (personaId === DEFAULT_PERSONA_ID) throw inUse('the default')
      const outcome = await personas.removePersona(personaId)
      if (outcome === 'unknown') throw notFound('persona', personaId)
      if (outcome === 'used') throw inUse('conversations')
      return c.body(null, 204)
    })
}

/** Throws FaultError too_large for instructions that would leave no room in the prompt. */
function refuseLong(instructions = ''): void {
  const got = estimateTokens(instructions)
  if (got > MAX_INSTRUCTIONS_TOKENS)
    throw new FaultError({
      code: 'too_large',
      limit: 'instructions',
      max: MAX_INSTRUCTIONS_TOKENS,
      got,
      unit: 'tokens',
    })
}

function personaIdOf(text: string): PersonaId {
  if (!isId('persona', text)) throw notFound('persona', text)
  return text
}

function operationsOf(ports: OperationPorts) {
  const tag = 'personas'
  const byOperator = { tag, needs: 'admin', rate: 'write' } as const
  const list = operation(ports, {
    summary: 'The personas that you can talk to',
    tag,
    needs: 'key',
    rate: 'read',
    answers: { 200: v.object({ personas: v.array(Shown) }) },
  })
  const one = operation(ports, {
    ...byOperator,
    summary: 'A persona with its instructions',
    rate: 'read',
    answers: { 200: Full },
    refuses: ['not_found'],
  })
  const make = operation(ports, {
    ...byOperator,
    summary: 'Make a persona',
    body: NewPersona,
    answers: { 201: v.object({ id }) },
    refuses: ['not_found', 'blocked'],
  })
  const change = operation(ports, {
    ...byOperator,
    summary: 'Change a persona; live sessions go on as they began',
    body: Change,
    answers: { 204: null },
    refuses: ['not_found', 'blocked'],
  })
  const remove = operation(ports, {
    ...byOperator,
    summary: 'Remove a persona with which nobody has talked',
    answers: { 204: null },
    refuses: ['not_found', 'conflict'],
  })
  return { list, one, make, change, remove }
}
