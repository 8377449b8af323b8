// A member of a chain whose state and queue a test sets as it goes along.
import type { EngineInfo, EngineState } from '#shared/model/engine.ts'
import type { ChainMember } from '#gpu-node/engines/chain/roster.ts'

export interface TestMember<E extends { engine: EngineInfo }> extends ChainMember<E> {
  is: EngineState
  waitMs: number | undefined
}

export function member<E extends { engine: EngineInfo }>(engine: E, name = engine.engine.name): TestMember<E> {
  const made: TestMember<E> = {
    name,
    engine,
    is: 'ready',
    waitMs: undefined,
    state: () => made.is,
    queueWaitMs: () => made.waitMs,
  }
  return made
}
