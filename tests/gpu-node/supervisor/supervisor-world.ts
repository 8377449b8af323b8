// A supervisor over processes of a script and a clock that moves when told; ended after each test, with no timer left behind.
import { expect, onTestFinished } from 'vitest'
import { Supervisor } from '#gpu-node/supervisor/supervisor.ts'
import { createRecordingLog } from '#tests/fakes/recording-log.ts'
import { createScriptedGpu } from '#tests/fakes/scripted-gpu.ts'
import { createScriptedEngine, createScriptedHost, type ScriptedEngine } from '#tests/fakes/scripted-host.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

export function supervisorWorld(...engines: ScriptedEngine[]) {
  const clock = createVirtualClock()
  const host = createScriptedHost()
  const gpu = createScriptedGpu(clock)
  const { log, lines, text } = createRecordingLog()
  const changes: string[] = []
  const supervisor = new Supervisor({
    engines,
    gpu,
    clock,
    log,
    host,
    folder: 'unused',
    random: () => 0.5,
    onChange: (name) => changes.push(`${name} ${supervisor.state(name)}`),
  })
  // Whatever a test did, the end leaves no timer behind.
  onTestFinished(async () => {
    const stopped = supervisor.stop()
    await clock.advance(30_000)
    await stopped
    expect(clock.pending).toBe(0)
  })
  const started = (): string[] => host.started.map(({ name }) => name)
  return { clock, host, gpu, lines, text, changes, supervisor, started }
}
export const vllm = (launch = {}): ScriptedEngine => createScriptedEngine('vllm', 'llm', launch)
export const whisper = (launch = {}): ScriptedEngine => createScriptedEngine('whisper', 'stt', launch)
export const f5 = (launch = {}): ScriptedEngine => createScriptedEngine('f5', 'tts', launch)
export const hq = (launch = {}): ScriptedEngine => createScriptedEngine('hq', 'tts', { onDemand: true, ...launch })
