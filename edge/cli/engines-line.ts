// The engines of a session in one line; those that only prove the loop are labelled, wherever they show.
import { engineId, type EngineInfo } from '#shared/model/engine.ts'

export function enginesLine(engines: EngineInfo[]): string {
  const named = engines.map(
    (engine) => `${engine.role} ${engineId(engine)}${engine.demonstration ? ' (demonstration)' : ''}`,
  )
  return `engines: ${named.join(' · ')}`
}
