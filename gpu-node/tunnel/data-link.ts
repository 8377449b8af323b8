// The data socket of one session: dials with the ticket, then, after each loss, with the resume token, for a bounded time.
// Owned by NodeSession. Carries frames; knows no message and no numbers but the one it is told.
import { Backoff } from '#shared/backoff.ts'
import type { Clock } from '#shared/clock.ts'
import type { SessionId } from '#shared/ids.ts'
import type { Frame } from '#shared/link/frame.ts'
import type { Log } from '#shared/log.ts'
import { DATA_SILENT_AFTER_MS } from '#shared/protocol/limits.ts'
import { RESUME_PREFIX, SESSION_PROTOCOL, TICKET_PREFIX } from '#shared/protocol/version.ts'
import type { Address, Connection } from './connect-once.ts'
import { Dialler } from './dialler.ts'
import type { ConnectionEnd } from './refusal.ts'
import { isPermanentForSession } from './refusal.ts'

/** A session whose edge is away for longer is placed anew by then (a node counts as dead after 8 s). */
export const DATA_AWAY_MS = 10_000
/** A call is silent meanwhile, so it tries faster than a control socket may. */
const DATA_LONGEST_WAIT_MS = 1_000
/** Four chances to be heard before the silence counts. */
const DATA_PING_EVERY_MS = DATA_SILENT_AFTER_MS / 4

export interface DataLinkOptions {
  edgeUrl: string
  token: string
  sessionId: SessionId
  ticket: string
  clock: Clock
  log: Log
  random?: () => number
  /** The highest number taken from the edge, told at each resume. */
  received: () => number
  onOpen: (connection: Connection) => void
  onFrame: (frame: Frame) => void
  onLost: (end: ConnectionEnd) => void
  /** The edge is away for too long, or knows this session no more. */
  onGone: (end: ConnectionEnd) => void
}

export class DataLink {
  readonly #options: DataLinkOptions
  readonly #dialler: Dialler
  #resumeToken: string | undefined

  constructor(options: DataLinkOptions) {
    this.#options = options
    const { clock, log, random, onOpen, onFrame, onLost, onGone } = options
    this.#dialler = new Dialler({
      address: () => this.#address(),
      isPermanent: isPermanentForSession,
      giveUpAfterMs: DATA_AWAY_MS,
      longestWaitMs: DATA_LONGEST_WAIT_MS,
      pingEveryMs: DATA_PING_EVERY_MS,
      deadAfterMs: DATA_SILENT_AFTER_MS,
      clock,
      log,
      backoff: new Backoff(random),
      onOpen,
      onFrame,
      onLost,
      onGiveUp: onGone,
    })
  }

  start(): void {
    this.#dialler.start()
  }

  /** What was sent before still goes out. */
  stop(): void {
    this.#dialler.stop()
  }

  redial(): void {
    this.#dialler.redial()
  }

  goAway(retryAfterMs: number): void {
    this.#dialler.goAway(retryAfterMs)
  }

  /** Each token is for one resume; the edge gives a new one each time. */
  resumeWith(token: string): void {
    this.#resumeToken = token
  }

  #address(): Address {
    const { edgeUrl, token, sessionId, ticket, received } = this.#options
    const url = `${edgeUrl}/node/session/${sessionId}`
    if (this.#resumeToken === undefined) return { url, protocols: [SESSION_PROTOCOL, TICKET_PREFIX + ticket], token }
    return {
      url: `${url}?received=${received()}`,
      protocols: [SESSION_PROTOCOL, RESUME_PREFIX + this.#resumeToken],
      token,
    }
  }
}
