// `npm run bench -- NAME [--short]`: runs one bench and prints its table. --short: fewer and shorter measurements, to see
// that it works; figures worth keeping need a quiet machine and the full load.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { LOAD_FLAGS } from './child.ts'
import { benchEmbedded, EMBEDDED_FULL, EMBEDDED_SHORT } from './embedded.ts'
import { benchHosts, HOSTS_FULL, HOSTS_SHORT } from './hosts.ts'
import { benchRelay, RELAY_FULL, RELAY_SHORT } from './relay.ts'
import { printReport, type Report } from './report.ts'
import { benchSafety, SAFETY_FULL, SAFETY_SHORT } from './safety.ts'
import { benchVoiceToVoice, VOICE_FULL, VOICE_SHORT } from './voice-to-voice.ts'

const BENCHES: Record<string, (isShort: boolean) => Promise<Report>> = {
  'voice-to-voice': (isShort) => benchVoiceToVoice(isShort ? VOICE_SHORT : VOICE_FULL),
  relay: (isShort) => benchRelay(isShort ? RELAY_SHORT : RELAY_FULL),
  hosts: (isShort) => benchHosts(isShort ? HOSTS_SHORT : HOSTS_FULL),
  safety: (isShort) => benchSafety(isShort ? SAFETY_SHORT : SAFETY_FULL),
  embedded: (isShort) => benchEmbedded(isShort ? EMBEDDED_SHORT : EMBEDDED_FULL),
}

const { values, positionals } = parseArgs({
  options: { short: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const bench = BENCHES[positionals[0] ?? '']
if (bench === undefined || positionals.length > 1) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--short]\n`)
  process.exit(2)
}
// This program is the client of each bench, so it is load too.
if (LOAD_FLAGS.every((flag) => process.execArgv.includes(flag)))
  process.stdout.write(`${printReport(await bench(values.short))}\n`)
else process.exitCode = await runAgainAsLoad()

function runAgainAsLoad(): Promise<number> {
  const execArgv = [...process.execArgv, ...LOAD_FLAGS]
  const again = fork(fileURLToPath(import.meta.url), process.argv.slice(2), { execArgv })
  // Ctrl-C reaches both; the other one ends its programs first.
  process.on('SIGINT', () => {})
  return new Promise((resolve) => again.once('exit', (code) => resolve(code ?? 1)))
}
