// `parley speak`: says a sentence with the embedded voice. The voice is the GPU node's, so the node's program does it; all words
// are passed on to it as they are, and it refuses what it does not know.
import { defineCommand } from 'citty'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { PROGRAM_FLAGS } from '#shared/on-node/program-flags.ts'

/** A path, because the edge never imports the node. */
export const GPU_NODE = fileURLToPath(new URL('../../gpu-node/main.ts', import.meta.url))

export const speak = defineCommand({
  meta: { name: 'speak', description: 'Say a sentence with the embedded voice and write it to a WAV file' },
  async run({ rawArgs }) {
    const child = spawn(process.execPath, [...PROGRAM_FLAGS, GPU_NODE, 'speak', ...rawArgs], { stdio: 'inherit' })
    const [code] = (await once(child, 'exit')) as [number | null]
    process.exit(code ?? 1)
  },
})
