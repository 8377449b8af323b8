// A program in nvidia-smi's place that says what a test wants: `card` runs for the query that goes on for ever, `processes`
// for the one of processes. Both are lines of shell. It counts its starts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ScriptedSmi {
  program: string
  /** The arguments of each start for the card. */
  starts(): string[]
  remove(): void
}

export function createScriptedSmi(script: { card: string; processes?: string }): ScriptedSmi {
  const folder = mkdtempSync(join(tmpdir(), 'parley-smi-'))
  const program = join(folder, 'nvidia-smi')
  const starts = join(folder, 'starts')
  writeFileSync(starts, '')
  const lines = [
    '#!/bin/sh',
    'case "$*" in',
    `  *compute-apps*) ${script.processes ?? 'exit 9'} ;;`,
    `  *) echo "$*" >> '${starts}'; ${script.card} ;;`,
    'esac',
  ]
  writeFileSync(program, lines.join('\n'), { mode: 0o755 })
  return {
    program,
    starts: () => readFileSync(starts, 'utf8').split('\n').filter(Boolean),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
