// A persona's own limits and engines in whole calls.
import { describe, expect } from 'vitest'
import { systemClock } from '#shared/clock.ts'
import type { PersonaId } from '#shared/ids.ts'
import { silentLog } from '#shared/log.ts'
import type { Persona } from '#shared/model/persona.ts'
import { createLlmChain } from '#gpu-node/engines/chain/llm-chain.ts'
import { member } from '#tests/fakes/chain-member.ts'
import { createScriptedLlm } from '#tests/fakes/scripted-engines.ts'
import { it } from './call-test.ts'
import type { CallWorld } from './call-world.ts'

function personaOf({ edge }: CallWorld, own: Pick<Persona, 'limits' | 'engines'>): Promise<PersonaId> {
  const plain = {
    name: 'Ada',
    instructions: 'Answer.',
    language: 'en',
    script: null,
    voice: null,
    ttsMode: 'fast',
    voiceProfileId: null,
    keepAudioDays: 0,
  } as const
  return edge.store.personas.addPersona({ ...plain, ...own }, Date.now())
}

describe.concurrent('a persona', () => {
  it('[PER7] [PER8] is answered by the engine that it wishes for, within its own limit; others are not', async ({
    start,
  }) => {
    const own = createScriptedLlm({ clock: systemClock, name: 'own', replies: ['It is I.'] })
    const world = await start({
      nodes: [
        {
          others: [own.engine],
          wire: ({ llm }) => ({
            llm: createLlmChain([member(llm), member(own)], { clock: systemClock, log: silentLog }),
          }),
        },
      ],
    })
    const personaId = await personaOf(world, { limits: { maxReplyTokens: 20 }, engines: { llm: 'own@1' } })
    const caller = await world.caller({ start: { personaId } })
    expect((await caller.ready()).engines).toContainEqual(own.engine)
    caller.write('who is it?')
    expect(await caller.next('reply.done')).toMatchObject({ status: 'complete', replyText: 'It is I.' })
    expect(own.calls.at(-1)?.options.maxTokens).toBe(20)
    await caller.client.end()

    const other = await world.caller()
    await other.ready()
    other.write('and you?')
    expect(await other.next('reply.done')).toMatchObject({ replyText: 'Hello to you.' })
    expect(world.nodes[0]?.engines.llm.calls.at(-1)?.options.maxTokens).toBe(400)
  })

  it('[PER8] that wishes for what no node has is refused, and gets in once a node has it', async ({ start }) => {
    const world = await start({ nodes: [{}] })
    const personaId = await personaOf(world, { engines: { llm: 'own' } })
    const caller = await world.caller({ start: { personaId } })
    expect(await caller.next('fault')).toMatchObject({ code: 'no_capacity', reason: 'engines' })
    const own = createScriptedLlm({ clock: systemClock, name: 'own', replies: [] })
    await world.addNode({ others: [own.engine] })
    await caller.ready()
  })
})
