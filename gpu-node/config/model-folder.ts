// Whether a folder holds the whole of a repository's model: its configuration, all of its weights, and no download that broke off. Setup
// and vLLM's command rest on it; a folder that was filled by hand counts as well.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Names the files of weights that are in several (transformers' sharded checkpoints). */
const INDEX = 'model.safetensors.index.json'
const WEIGHTS = '*.{safetensors,bin,gguf}'

export function isWhole(folder: string): boolean {
  if (!existsSync(join(folder, 'config.json')) || globSync('**/*.part', { cwd: folder }).length > 0) return false
  const shards = shardsOf(join(folder, INDEX))
  return shards ? shards.every((name) => existsSync(join(folder, name))) : globSync(WEIGHTS, { cwd: folder }).length > 0
}

/** Undefined where there is no index that can be read. */
function shardsOf(index: string): string[] | undefined {
  try {
    const { weight_map: map } = JSON.parse(readFileSync(index, 'utf8')) as { weight_map?: Record<string, string> }
    return map && [...new Set(Object.values(map))]
  } catch {
    return undefined
  }
}
