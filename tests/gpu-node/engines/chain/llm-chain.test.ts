// Several LLMs as one: who writes the reply, what is told of it, and what is no failure.
import { describe, expect, it } from 'vitest'
import { FaultError } from '#shared/fault.ts'
import { silentLog } from '#shared/log.ts'
import type { Fallback } from '#shared/model/turn.ts'
import { FIRST_ANSWER_MS } from '#gpu-node/engines/chain/first-answer.ts'
import { createLlmChain } from '#gpu-node/engines/chain/llm-chain.ts'
import type { Llm } from '#gpu-node/engines/ports.ts'
import { member } from '#tests/fakes/chain-member.ts'
import { createScriptedLlm } from '#tests/fakes/scripted-engines.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'
import { failed, HANGS } from '#tests/gpu-node/turn/failing.ts'

const never = (): AbortSignal => new AbortController().signal
const broken = { fault: failed('llm') }

async function write(llm: Llm, signal = never(), onFallback?: (fallback: Fallback) => void): Promise<string> {
  let text = ''
  const messages = [{ role: 'user' as const, content: 'hello' }]
  for await (const delta of llm.complete({ messages, language: 'en', maxTokens: 9, signal, onFallback }))
    if (delta.type === 'text') text += delta.text
  return text
}

describe('a chain of LLMs', () => {
  it('[LAD3] asks the next where one fails without a word, and says who was asked, who answered and why', async () => {
    const clock = createVirtualClock()
    const told: Fallback[] = []
    const first = createScriptedLlm({ clock, name: 'vllm', replies: [{ tokens: '', failure: broken }] })
    const second = createScriptedLlm({ clock, name: 'embedded', replies: ['Yes.'] })
    const chain = createLlmChain([member(first), member(second)], { clock, log: silentLog })
    expect(await write(chain, never(), (fallback) => told.push(fallback))).toBe('Yes.')
    expect(told).toEqual([{ role: 'llm', asked: 'vllm@1', used: 'embedded@1', reason: 'failed' }])
    expect(chain.engine.name).toBe('vllm')
  })

  it('[LAD3] does not put other words after those of one that breaks off', async () => {
    const clock = createVirtualClock()
    const first = createScriptedLlm({ clock, replies: [{ tokens: 'One two', failAfter: 1, failure: broken }] })
    const second = createScriptedLlm({ clock, name: 'other', replies: ['Yes.'] })
    const chain = createLlmChain([member(first), member(second)], { clock, log: silentLog })
    await expect(write(chain)).rejects.toBeInstanceOf(FaultError)
    expect(second.calls).toHaveLength(0)
    expect(await write(chain)).toBe('Yes.')
    expect(first.calls).toHaveLength(1)
  })

  it('[LAD4] waits for a first word only so long while another could give one', async () => {
    const clock = createVirtualClock()
    const first = createScriptedLlm({ clock, replies: [{ tokens: 'late', firstTokenMs: HANGS }] })
    const second = createScriptedLlm({ clock, name: 'other', replies: ['Yes.'] })
    const chain = createLlmChain([member(first), member(second)], { clock, log: silentLog })
    const text = write(chain)
    await clock.advance(FIRST_ANSWER_MS)
    expect(await text).toBe('Yes.')
    expect(first.calls[0]?.options.signal.reason).toBe('deadline')
    expect(clock.pending).toBe(0)
  })

  it('[LAD3] fails as its last member does, and says that none is ready where none is', async () => {
    const clock = createVirtualClock()
    const only = member(createScriptedLlm({ clock, replies: [{ tokens: '', failure: broken }] }))
    const chain = createLlmChain([only], { clock, log: silentLog })
    await expect(write(chain)).rejects.toMatchObject({ fault: broken.fault })
    only.is = 'failed'
    await expect(write(chain)).rejects.toMatchObject({
      fault: { code: 'engine_failed', stage: 'llm', transient: true },
    })
  })

  it('[LAD3] takes a cancellation for no failure', async () => {
    const clock = createVirtualClock()
    const first = createScriptedLlm({ clock, replies: [{ tokens: 'Yes.', firstTokenMs: 10 }] })
    const second = createScriptedLlm({ clock, name: 'other', replies: ['No.'] })
    const chain = createLlmChain([member(first), member(second)], { clock, log: silentLog })
    for (let i = 0; i < 4; i++) {
      const controller = new AbortController()
      const text = write(chain, controller.signal)
      controller.abort('bargeIn')
      await expect(text).rejects.toBe('bargeIn')
    }
    const text = write(chain)
    await clock.advance(10)
    expect(await text).toBe('Yes.')
    expect(second.calls).toHaveLength(0)
  })
})
