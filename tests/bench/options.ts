// What stands on the command line of a bench, read and checked. Used by main.ts.
import { BACKUP_FULL, BACKUP_SHORT, type BackupLoad } from './backup.ts'
import { ENGINES_FULL, ENGINES_SHORT, type EnginesLoad } from './engines.ts'
import { readMarks } from './listen.ts'
import type { Kind } from './listen/sheet.ts'
import { peersFull, PEERS_SHORT, type PeersLoad } from './peers.ts'

export const OPTIONS = {
  short: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  make: { type: 'boolean', default: false },
  json: { type: 'string' },
  wavs: { type: 'string' },
  sessions: { type: 'string' },
  turns: { type: 'string' },
  audio: { type: 'string' },
  soak: { type: 'string' },
  out: { type: 'string', default: 'data/listen' },
  reference: { type: 'string' },
  key: { type: 'string' },
  ratings: { type: 'string', multiple: true },
} as const

export const USAGE = `usage: npm run bench -- NAME [options]
  voice-to-voice | relay | hosts | embedded | vad | safety | history | auth | limits | flood | fuzz | tasks
  peers    [--make] [--sessions 1,5,10,20,40] [--turns 600]
  engines  [--wavs FOLDER] [--sessions 1,3,5,10] [--turns 100] [--soak MINUTES] [--key FILE --ratings FILE …]
  ratios   [--write]: one short bench of each kind against the baseline in the repository, as CI runs it
  backup   [--turns 100000] [--audio MB]
  listen   [--out FOLDER] [--reference FOLDER], then --key FILE --ratings FILE …
  each: --short (to see that it works), --json FILE
`

export interface Values {
  short: boolean
  write: boolean
  make?: boolean | undefined
  json?: string | undefined
  wavs?: string | undefined
  sessions?: string | undefined
  turns?: string | undefined
  audio?: string | undefined
  soak?: string | undefined
  out: string
  reference?: string | undefined
  key?: string | undefined
  ratings?: string[] | undefined
}

const MAX_SESSIONS = 64
const MAX_TURNS = 100_000
const MAX_KEPT_TURNS = 2_000_000
const MAX_AUDIO_MB = 100_000
/** A day. */
const MAX_SOAK_MINUTES = 24 * 60

/** Throws an Error that names the option. */
export function enginesLoad(values: Omit<Values, 'write'>): EnginesLoad {
  const { alone, calls } = values.short ? ENGINES_SHORT : ENGINES_FULL
  const { soak } = values
  const { sessions, turns } = counts(values)
  return {
    alone,
    calls: {
      sessions: sessions ?? calls.sessions,
      turns: turns ?? calls.turns,
      soakMinutes: soak === undefined ? calls.soakMinutes : whole('soak', soak, MAX_SOAK_MINUTES),
    },
    wavs: values.wavs,
    marks: marksOf(values),
  }
}

/** Throws an Error that names the option. */
export function peersLoad(values: Omit<Values, 'write'>): PeersLoad {
  const { sessions, turns } = counts(values)
  return values.short ? PEERS_SHORT : peersFull(sessions, turns)
}

function counts({ sessions, turns }: Pick<Values, 'sessions' | 'turns'>): {
  sessions?: number[] | undefined
  turns?: number | undefined
} {
  return {
    sessions: sessions?.split(',').map((one) => whole('sessions', one, MAX_SESSIONS)),
    turns: turns === undefined ? undefined : whole('turns', turns, MAX_TURNS),
  }
}

/** Throws an Error that names the option. */
export function backupLoad({ short, turns, audio }: Pick<Values, 'short' | 'turns' | 'audio'>): BackupLoad {
  const load = short ? BACKUP_SHORT : BACKUP_FULL
  return {
    ...load,
    turns: turns === undefined ? load.turns : whole('turns', turns, MAX_KEPT_TURNS),
    audioMb: audio === undefined ? load.audioMb : whole('audio', audio, MAX_AUDIO_MB),
  }
}

/** Undefined where neither key nor ratings are named. */
export function marksOf({
  key,
  ratings,
}: Pick<Values, 'key' | 'ratings'>): Partial<Record<Kind, number[]>> | undefined {
  if (key === undefined && ratings === undefined) return undefined
  if (key === undefined || ratings === undefined) throw new Error('--key and --ratings are needed together')
  return readMarks(key, ratings)
}

function whole(name: string, text: string, max: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= max) return number
  throw new Error(`--${name}: must be a whole number from 1 to ${max}, and is ${text}`)
}
