// `npm run bench -- NAME [--short]`: runs one bench and prints its table. --short: fewer and shorter measurements, to see
// that it works; figures worth keeping need a quiet machine and the full load.
import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { faultOf } from '#shared/fault.ts'
import { AUTH_FULL, AUTH_SHORT, benchAuth } from './auth.ts'
import { benchBackup } from './backup.ts'
import { LOAD_FLAGS } from './child.ts'
import { benchEmbedded, EMBEDDED_FULL, EMBEDDED_SHORT } from './embedded.ts'
import { benchEngines } from './engines.ts'
import { benchFlood, FLOOD_FULL, FLOOD_SHORT } from './flood.ts'
import { benchFuzz, FUZZ_FULL, FUZZ_SHORT } from './fuzz.ts'
import { benchHistory, HISTORY_FULL, HISTORY_SHORT } from './history.ts'
import { benchHosts, HOSTS_FULL, HOSTS_SHORT } from './hosts.ts'
import { benchLimits, LIMITS_FULL, LIMITS_SHORT } from './limits.ts'
import { listeningReport, makeListeningTest } from './listen.ts'
import { backupLoad, enginesLoad, marksOf, OPTIONS, peersLoad, USAGE, type Values } from './options.ts'
import { benchPeers, preparePeers } from './peers.ts'
import { benchRatios, writeBaseline } from './ratios.ts'
import { benchRelay, RELAY_FULL, RELAY_SHORT } from './relay.ts'
import { printReport, type Report } from './report.ts'
import { benchSafety, SAFETY_FULL, SAFETY_SHORT } from './safety.ts'
import { benchTasks, TASKS_FULL, TASKS_SHORT } from './tasks.ts'
import { benchVad, VAD_FULL, VAD_SHORT } from './vad.ts'
import { benchVoiceToVoice, VOICE_FULL, VOICE_SHORT } from './voice-to-voice.ts'

const tell = (line: string): void => void process.stderr.write(`${line}\n`)

const BENCHES: Record<string, (values: Values) => Promise<Report | string>> = {
  'voice-to-voice': ({ short }) => benchVoiceToVoice(short ? VOICE_SHORT : VOICE_FULL),
  peers: (values) => (values.make ? preparePeers(tell) : benchPeers(peersLoad(values))),
  relay: ({ short }) => benchRelay(short ? RELAY_SHORT : RELAY_FULL),
  hosts: ({ short }) => benchHosts(short ? HOSTS_SHORT : HOSTS_FULL),
  flood: ({ short }) => benchFlood(short ? FLOOD_SHORT : FLOOD_FULL),
  fuzz: ({ short }) => benchFuzz(short ? FUZZ_SHORT : FUZZ_FULL),
  history: ({ short }) => benchHistory(short ? HISTORY_SHORT : HISTORY_FULL),
  limits: ({ short }) => benchLimits(short ? LIMITS_SHORT : LIMITS_FULL),
  tasks: ({ short }) => benchTasks(short ? TASKS_SHORT : TASKS_FULL),
  auth: ({ short }) => benchAuth(short ? AUTH_SHORT : AUTH_FULL),
  backup: (values) => benchBackup(backupLoad(values)),
  safety: ({ short }) => benchSafety(short ? SAFETY_SHORT : SAFETY_FULL),
  embedded: ({ short }) => benchEmbedded(short ? EMBEDDED_SHORT : EMBEDDED_FULL),
  vad: ({ short }) => benchVad(short ? VAD_SHORT : VAD_FULL),
  ratios: async ({ write }) => {
    const { report, isWithin, figures } = await benchRatios()
    if (write) writeBaseline(figures)
    else if (!isWithin) process.exitCode = 1
    return report
  },
  engines: (values) => benchEngines(enginesLoad(values)),
  listen: async (values) => {
    const marks = marksOf(values)
    if (marks) return listeningReport(marks)
    return makeListeningTest({ out: values.out, reference: values.reference }, process.env, tell)
  },
}

const { values, positionals } = read()
const bench = BENCHES[positionals[0] ?? '']
if (bench === undefined || positionals.length > 1) refuse()
// This program is the client of each bench, so it is load too.
else if (LOAD_FLAGS.every((flag) => process.execArgv.includes(flag))) await runHere(bench)
else process.exitCode = await runAgainAsLoad()

function read() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true })
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

function refuse(why?: string): never {
  process.stderr.write(`${why === undefined ? '' : `${why}\n`}${USAGE}`)
  process.exit(2)
}

async function runHere(run: (values: Values) => Promise<Report | string>): Promise<void> {
  try {
    const report = await run(values)
    process.stdout.write(`${typeof report === 'string' ? report : printReport(report)}\n`)
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
  } catch (error) {
    const fault = faultOf(error)
    tell(fault.code === 'invalid_message' ? fault.issues.join('\n') : String(error))
    process.exitCode = 1
  }
}

function runAgainAsLoad(): Promise<number> {
  const execArgv = [...process.execArgv, ...LOAD_FLAGS]
  const again = fork(fileURLToPath(import.meta.url), process.argv.slice(2), { execArgv })
  // Ctrl-C reaches both; the other one ends its programs first.
  process.on('SIGINT', () => {})
  return new Promise((resolve) => again.once('exit', (code) => resolve(code ?? 1)))
}
