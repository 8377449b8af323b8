// What the Workers host does at the cron trigger of wrangler.toml: it wakes what runs tasks, in case a call was lost. A run that
// throws, because a setting is missing, is a failed one in the list of cron events.
import type { Bindings } from './bindings.ts'
import { readEdgeConfig } from './config.ts'
import { TASKS_NAME } from './tasks-object.ts'

export async function scheduled(_event: unknown, bindings: Bindings): Promise<void> {
  readEdgeConfig(bindings)
  await bindings.TASKS.getByName(TASKS_NAME).wake()
}
