// How the supervisor asks the engines that the node starts itself: by the drivers that turns use, so that "ready" means
// what a turn needs; and a cheap question, /health, whether one hangs. Knows no process.
import type { Log } from '#shared/log.ts'
import { EMBEDDED, ROLES, type EnginePlan, type EnginesPlan } from '#gpu-node/config/plan.ts'
import { createServed, type RoleEngines } from './create-engine.ts'
import { ENGINE_INPUT_RATE, type Language } from './ports.ts'

type Managed = Extract<EnginePlan, { kind: 'managed' }>
type Role = keyof RoleEngines

export interface ProbedEngine {
  name: string
  role: Role
  launch: Managed['launch']
  probe(signal: AbortSignal): Promise<void>
  isAlive(signal: AbortSignal): Promise<void>
}

const SENTENCES: Record<Language, string> = { en: 'Hello, can you hear me?', zh: '你好，你听得到我吗？' }

export function managedEngines({ engines, chains }: EnginesPlan, log: Log): ProbedEngine[] {
  const roleOf = (name: string): Role | undefined => {
    const chain = ROLES.find((role) => chains[role].includes(name) && name !== EMBEDDED)
    return chain === 'llm' || chain === 'stt' ? chain : chain && 'tts'
  }
  return engines.flatMap((plan) => {
    const role = roleOf(plan.name)
    if (plan.kind !== 'managed' || !role) return []
    const { name, launch, server } = plan
    const isAlive = (signal: AbortSignal): Promise<void> => isHealthy(server.url, signal)
    return [{ name, role, launch, probe: (signal) => PROBES[role](plan, { log, signal }), isAlive }]
  })
}

const PROBES: Record<Role, (plan: Managed, context: { log: Log; signal: AbortSignal }) => Promise<void>> = {
  /** One token. */
  async llm({ server }, { log, signal }) {
    const llm = createServed.llm(server, log)
    const messages = [{ role: 'user' as const, content: SENTENCES.en }]
    for await (const _ of llm.complete({ messages, language: 'en', maxTokens: 1, signal }));
  },
  /** One second of silence: its text does not matter, its end does. */
  async stt({ server }, { log, signal }) {
    const stream = await createServed.stt(server, log).open({ language: 'en', signal })
    try {
      stream.push(new Int16Array(ENGINE_INPUT_RATE))
      await stream.finish()
    } finally {
      stream.close()
    }
  },
  /** One clause. */
  async tts({ server }, { log, signal }) {
    const language = server.languages.includes('en') ? 'en' : 'zh'
    const tts = createServed.tts(server, log)
    let samples = 0
    for await (const pcm of tts.synthesize({ text: SENTENCES[language], language, signal })) samples += pcm.length
    if (samples === 0) throw new Error('it spoke no sample')
  },
}

/** vLLM answers 503 once its engine is dead (vllm/entrypoints, EngineDeadError); our workers do the same. */
async function isHealthy(url: string, signal: AbortSignal): Promise<void> {
  const answer = await fetch(new URL('/health', url), { signal })
  await answer.body?.cancel()
  if (!answer.ok) throw new Error(`/health answered ${answer.status}`)
}
