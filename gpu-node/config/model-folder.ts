// Whether a folder holds the whole of a repository's model: its configuration, and no download that broke off. Setup and vLLM's command
// rest on it; a folder that was filled by hand counts as well.
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'

export const isWhole = (folder: string): boolean =>
  existsSync(join(folder, 'config.json')) && globSync('**/*.part', { cwd: folder }).length === 0
