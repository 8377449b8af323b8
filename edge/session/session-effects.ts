// Does the effects of one session: asks store and fleet, and words what the edge itself says to caller and node.
// Owned by session-room.ts. Writes to the store go one after another; none is waited for by the audio.
import type { Caller } from '#shared/model/caller.ts'
import { faultOf, type Fault } from '#shared/fault.ts'
import { newId, type SessionId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { CALLER_DEAD_AFTER_MS, PING_EVERY_MS } from '#shared/protocol/limits.ts'
import { resumeUrlOf } from '#shared/protocol/version.ts'
import type { EdgeSessionMessage } from '#shared/protocol/session-messages.ts'
import { sha256Hex } from '#shared/token.ts'
import { openSession } from './session-opening.ts'
import type { SessionRoomPorts } from './session-ports.ts'
import type { SessionSecrets } from './session-secrets.ts'
import type { OpenedSession, Placed, SessionEffect, SessionEvent } from './session-state.ts'
import type { Traffic } from './traffic.ts'

interface EffectPorts extends SessionRoomPorts {
  sessionId: SessionId
  caller: Caller
  secrets: SessionSecrets
  traffic: Traffic
  toCaller: (message: ChatDown) => void
  toNode: (message: EdgeSessionMessage) => void
  tellCaller: (fault: Fault) => void
  hangUp: (fault: Fault | undefined) => void
  onEvent: (event: SessionEvent) => void
  /** Runs as a verb of the room: a bug in it ends this session only. */
  verb: (run: () => void) => void
}

const nearNotice = { type: 'session.notice', notice: 'limitNear' } as const

type Of<K extends SessionEffect['type']> = Extract<SessionEffect, { type: K }>

export class SessionEffects {
  readonly #ports: EffectPorts
  #writes: Promise<unknown> = Promise.resolve()
  /** Settles when the fleet has answered. */
  #placing: Promise<void> = Promise.resolve()
  #startedAt = 0

  constructor(ports: EffectPorts) {
    this.#ports = ports
  }

  get placing(): Promise<void> {
    return this.#placing
  }

  perform(effect: SessionEffect): void {
    const { traffic, secrets, tellCaller, hangUp, toCaller, toNode } = this.#ports
    switch (effect.type) {
      case 'open':
        return this.#open(effect)
      case 'place':
        return this.#place(effect)
      case 'recordPlacement':
        return this.#recordPlacement(effect.at)
      case 'begin':
        return this.#begin(effect)
      case 'ready':
        return this.#ready(effect)
      case 'resumeNode':
        toNode({ type: 'session.resumed', received: traffic.received.fromNode, resumeToken: secrets.node.rotate() })
        return traffic.attachNode(effect.received)
      case 'resumeCaller':
        return this.#resumeCaller(effect.received)
      case 'tellCaller':
        return tellCaller(effect.fault)
      case 'tellLimit':
        return toCaller({ ...nearNotice, id: newId('message'), detail: `${effect.quota} ${effect.percent}` })
      case 'hangUp':
        return hangUp(effect.fault)
      case 'tellNode':
        toNode({ type: 'session.end', reason: effect.reason })
        return traffic.farewell()
      default:
        return this.#end(effect)
    }
  }

  #end(effect: Of<'recordCorrection' | 'cut' | 'release' | 'recordEnd' | 'leave'>): void {
    const { sessionId, fleet, store, clock } = this.#ports
    switch (effect.type) {
      case 'recordCorrection':
        return this.#recordCorrection(effect)
      case 'cut':
        return this.#cut(effect.session)
      case 'release':
        return this.#attempt('release the slot', fleet.release(sessionId, effect.reason))
      case 'recordEnd': {
        const ended = { sessionId, reason: effect.reason, now: clock.now() }
        return this.#write('record the end', () => store.sessions.ended(ended))
      }
      case 'leave':
        this.#writes = this.#writes.then(() => this.#ports.verb(() => this.#leave(effect)))
        return
      default:
        return unreachable(effect)
    }
  }

  #open({ start }: Of<'open'>): void {
    const { store, sessionId, caller, clock, metrics, onEvent } = this.#ports
    this.#startedAt = clock.now()
    const { userId, limits } = caller
    void openSession(store, start, { sessionId, userId, limits, now: clock.now() }).then(
      (session) => {
        metrics.count('sessions_opened')
        onEvent({ type: 'opened', session })
      },
      (error: unknown) => onEvent({ type: 'openFailed', fault: this.#handled(error, 'open the session') }),
    )
  }

  #place({ epoch, engines }: Of<'place'>): void {
    const { fleet, secrets, sessionId, clock, metrics, onEvent } = this.#ports
    const { ticket, expiresAt } = secrets.mintTicket(epoch, clock.now())
    this.#placing = fleet.place({ sessionId, epoch, ticket, expiresAt, engines }).then(
      (nodeId) => {
        metrics.count('placements', { outcome: 'placed' })
        onEvent({ type: 'placed', at: { nodeId, epoch } })
      },
      (error: unknown) => {
        const fault = this.#handled(error, 'place the session')
        metrics.count('placements', { outcome: 'refused', reason: refusedFor(fault) })
        onEvent({ type: 'placeFailed', fault })
      },
    )
  }

  #recordPlacement({ nodeId, epoch }: Placed): void {
    const { store, secrets, sessionId, clock } = this.#ports
    const token = secrets.caller.rotate()
    const now = clock.now()
    this.#write('record the placement', async () =>
      store.sessions.placed({ sessionId, nodeId, epoch, resumeTokenHash: await sha256Hex(token), now }),
    )
  }

  #recordCorrection({ session: { conversationId }, turnId, text: correctedText }: Of<'recordCorrection'>): void {
    const { store, clock } = this.#ports
    this.#write('record a correction', () =>
      store.turns.correctTurn({ conversationId, turnId }, correctedText, clock.now()),
    )
  }

  #begin({ session, at }: Of<'begin'>): void {
    const { toNode, secrets, traffic, sessionId } = this.#ports
    const { turnCount, near: _, ...about } = session
    traffic.speaks(session.language)
    toNode({
      type: 'session.begin',
      sessionId,
      ...about,
      epoch: at.epoch,
      nextSeq: traffic.received.fromNode + 1,
      nextTurn: turnCount + 1,
      resumeToken: secrets.node.rotate(),
    })
  }

  #ready({ session, engines }: Of<'ready'>): void {
    const { toCaller, secrets, traffic, sessionId, metrics, clock } = this.#ports
    const { persona, conversationId, language, audio, options } = session
    toCaller({
      type: 'session.ready',
      id: newId('message'),
      sessionId,
      conversationId,
      ...(traffic.canResume && { resumeToken: secrets.caller.current(), resumeUrl: resumeUrlOf(sessionId) }),
      heartbeat: { pingEveryMs: PING_EVERY_MS, deadAfterMs: CALLER_DEAD_AFTER_MS },
      personaId: persona.id,
      personaName: persona.name,
      language,
      audio,
      options,
      engines,
    })
    metrics.observe('session_setup', clock.now() - this.#startedAt)
    traffic.attachNode(0)
    traffic.attachCaller(0)
  }

  #resumeCaller(received: number): void {
    const { toCaller, secrets, traffic, sessionId } = this.#ports
    toCaller({
      type: 'session.resumed',
      id: newId('message'),
      sessionId,
      resumeToken: secrets.caller.rotate(),
      received: traffic.received.fromCaller,
    })
    traffic.attachCaller(received)
  }

  #cut({ conversationId }: OpenedSession): void {
    const { traffic, store, sessionId, clock } = this.#ports
    for (const record of traffic.cut())
      this.#write('store a cut turn', () =>
        store.turns.storeTurn({ sessionId, conversationId, record, now: clock.now() }),
      )
  }

  #leave({ reason, saysEnded, fault }: Of<'leave'>): void {
    const { toCaller, hangUp, traffic, metrics, log, onEnded } = this.#ports
    metrics.count('sessions_ended', { reason })
    log.info({ reason }, 'session ended')
    try {
      if (saysEnded) toCaller({ type: 'session.ended', id: newId('message'), reason })
      hangUp(fault)
      traffic.close()
    } finally {
      onEnded()
    }
  }

  #write(what: string, write: () => Promise<unknown>): void {
    this.#writes = this.#writes.then(write).catch((error: unknown) => void this.#handled(error, what))
  }

  #attempt(what: string, work: Promise<void>): void {
    work.catch((error: unknown) => void this.#handled(error, what))
  }

  /** A fault is the caller's matter; anything else is a bug or a broken database, and ours. */
  #handled(error: unknown, what: string): Fault {
    const fault = faultOf(error)
    if (fault.code === 'internal') this.#ports.log.error({ error, what }, 'failed')
    return fault
  }
}

/** Why no node took a session: of a full fleet what the nodes say, or that their slots are in use. */
const refusedFor = (fault: Fault): string => (fault.code === 'no_capacity' ? (fault.reason ?? 'slots') : fault.code)
