// Chains in the order in which a session wants them: one roster, so that what fails for one session is known to all.
import { expect, it } from 'vitest'
import { silentLog } from '#shared/log.ts'
import type { EngineInfo } from '#shared/model/engine.ts'
import { createLlmChain } from '#gpu-node/engines/chain/llm-chain.ts'
import { createSttChain } from '#gpu-node/engines/chain/stt-chain.ts'
import { createTtsChain } from '#gpu-node/engines/chain/tts-chain.ts'
import { wishedEngines } from '#gpu-node/session/wished-engines.ts'
import { member } from '#tests/fakes/chain-member.ts'
import {
  createScriptedEngines,
  createScriptedLlm,
  createScriptedStt,
  createScriptedTts,
} from '#tests/fakes/scripted-engines.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const clock = createVirtualClock()
const chain = { clock, log: silentLog }

function engines() {
  const llm = ['vllm', 'small'].map((name) => createScriptedLlm({ clock, name, replies: [`I am ${name}.`, 'Again.'] }))
  const stt = ['whisper', 'sphinx'].map((name) => createScriptedStt({ clock, name, utterances: [] }))
  const [plain, other, hq] = ['flite', 'espeak', 'f5'].map((name) => createScriptedTts({ clock, name }))
  const members = <E extends { engine: EngineInfo }>([first, second]: E[]) => {
    if (!first || !second) throw new Error('two are needed')
    return [member(first), member(second)] as const
  }
  if (!plain || !other || !hq) throw new Error('three are needed')
  const voices = {
    fast: [member(plain), member(other)] as const,
    hq: [member(hq)],
    maxQueueMs: 1,
    isCardFull: () => false,
  }
  const both = members(llm)
  return {
    first: both[0],
    all: {
      vad: createScriptedEngines(clock).vad,
      llm: createLlmChain(both, chain),
      stt: createSttChain(members(stt), chain),
      tts: createTtsChain({ ...chain, ...voices }),
    },
  }
}

const namesOf = ({ llm, stt, tts }: ReturnType<typeof engines>['all']): string[] =>
  [llm, stt, tts].map(({ engine }) => engine.name)

it('[PER8] the engine that is wished for comes first in its role, by name or id; an unknown one changes nothing', () => {
  const { all } = engines()
  expect(namesOf(wishedEngines(all, { llm: 'small', stt: 'sphinx@1', tts: 'espeak' }))).toEqual([
    'small',
    'sphinx',
    'espeak',
  ])
  expect(namesOf(wishedEngines(all, { llm: 'small@2', stt: 'vllm' }))).toEqual(['vllm', 'whisper', 'flite'])
  expect(namesOf(wishedEngines(all))).toEqual(['vllm', 'whisper', 'flite'])
  expect(wishedEngines(all, { tts: 'f5' }).tts.engineFor?.('hq').name).toBe('f5')
  expect(namesOf(all)).toEqual(['vllm', 'whisper', 'flite'])
})

it('[PER8] an engine that is wished for and does not answer gives way to the others', async () => {
  const { all, first } = engines()
  first.is = 'failed'
  const { llm } = wishedEngines(all, { llm: 'vllm' })
  const asked: string[] = []
  let text = ''
  const onFallback = ({ asked: wanted, used }: { asked: string; used: string }): void => void asked.push(wanted, used)
  const request = {
    messages: [],
    language: 'en',
    maxTokens: 9,
    signal: new AbortController().signal,
    onFallback,
  } as const
  for await (const delta of llm.complete({ ...request, messages: [] })) if (delta.type === 'text') text += delta.text
  expect([text, asked]).toEqual(['I am small.', ['vllm@1', 'small@1']])
})
