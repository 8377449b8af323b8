// Does the effects of one session: asks store and fleet, and words what the edge itself says to caller and node.
// Owned by session-room.ts.
import type { Metrics } from '#edge/ports.ts'
import type { Fleet } from '#edge/rooms-ports.ts'
import type { Store } from '#edge/store/store.ts'
import type { Caller } from '#shared/model/caller.ts'
import type { Fault } from '#shared/fault.ts'
import { newId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { CALLER_DEAD_AFTER_MS, PING_EVERY_MS } from '#shared/protocol/limits.ts'
import { MAX_TURN_NUMBER, type EdgeSessionMessage } from '#shared/protocol/session-messages.ts'
import { resumeUrlOf } from '#shared/protocol/version.ts'
import { mayTakeOver } from './renewal.ts'
import { openSession } from './session-opening.ts'
import type { SessionSecrets } from './session-secrets.ts'
import type { SessionEffect, SessionEvent } from './session-state.ts'
import { handled, SessionWrites, type WritePorts } from './session-writes.ts'
import type { Traffic } from './traffic.ts'
import { tryAll } from './try-all.ts'

export interface EffectPorts extends WritePorts {
  caller: Caller
  store: Pick<Store, 'sessions' | 'turns' | 'voices' | 'audio'>
  fleet: Pick<Fleet, 'place' | 'release'>
  metrics: Pick<Metrics, 'count' | 'observe'>
  secrets: SessionSecrets
  traffic: Traffic
  toCaller: (message: ChatDown) => void
  toNode: (message: EdgeSessionMessage) => void
  tellCaller: (fault: Fault) => void
  hangUp: (fault: Fault | undefined) => void
  onEvent: (event: SessionEvent) => void
  /** Whose key or token this is, as over HTTP; undefined where it is no good. */
  callerByToken: (token: string) => Promise<Caller | undefined>
  /** Another key or token of the same user is behind the session now. */
  onRenewed: (caller: Caller) => void
  /** Runs as a verb of the room: a bug in it ends this session only. Answers of store and fleet come in so. */
  verb: (run: () => void) => void
  /** The session is over and written. */
  onEnded: () => void
}

type Of<K extends SessionEffect['type']> = Extract<SessionEffect, { type: K }>

export class SessionEffects {
  readonly #ports: EffectPorts
  readonly #writes: SessionWrites
  /** Settles when the fleet has answered. */
  #placing: Promise<void> = Promise.resolve()
  #startedAt = 0
  #caller: Caller
  #hasLeft = false

  constructor(ports: EffectPorts) {
    this.#ports = ports
    this.#caller = ports.caller
    this.#writes = new SessionWrites(ports)
  }

  get placing(): Promise<void> {
    return this.#placing
  }

  /** The host was told that the session is over. */
  get hasLeft(): boolean {
    return this.#hasLeft
  }

  perform(effect: SessionEffect): void {
    const { sessionId, traffic, secrets, fleet, log, tellCaller, toCaller, toNode } = this.#ports
    switch (effect.type) {
      case 'open':
        return this.#open(effect)
      case 'place':
        return this.#place(effect)
      case 'recordPlacement':
        secrets.caller.rotate()
        return this.#writes.placed(effect.at)
      case 'begin':
        return this.#begin(effect)
      case 'ready':
        return this.#ready(effect)
      case 'resumeNode': {
        const received = traffic.relay.received.fromNode
        toNode({ type: 'session.resumed', received, resumeToken: secrets.node.rotate() })
        return traffic.relay.attachNode(effect.received)
      }
      case 'resumeCaller': {
        const received = traffic.relay.received.fromCaller
        const resumeToken = secrets.caller.rotate()
        toCaller({ type: 'session.resumed', id: newId('message'), sessionId, resumeToken, received })
        return traffic.relay.attachCaller(effect.received)
      }
      case 'tellCaller':
        return tellCaller(effect.fault)
      case 'tellLimit': {
        const detail = `${effect.quota} ${effect.percent}`
        return toCaller({ type: 'session.notice', notice: 'limitNear', id: newId('message'), detail })
      }
      case 'tellToken': {
        const { notice, endsAt } = effect
        return toCaller({
          type: 'session.notice',
          notice,
          id: newId('message'),
          ...(endsAt !== undefined && { endsAt }),
        })
      }
      case 'hangUp':
        return this.#ports.hangUp(effect.fault)
      case 'tellNode':
        toNode({ type: 'session.end', reason: effect.reason })
        return traffic.relay.farewell()
      case 'cut':
        return this.#writes.cut(effect.session.conversationId, traffic.cut())
      case 'recordCorrection': {
        const { conversationId } = effect.session
        return this.#writes.corrected({ conversationId, turnId: effect.turnId }, effect.text)
      }
      case 'release':
        return void fleet
          .release(sessionId, effect.reason)
          .catch((error: unknown) => void handled(log, error, 'release the slot'))
      case 'recordEnd':
        return this.#writes.ended(effect.reason, traffic.lastTurn)
      case 'leave':
        return this.#writes.after(() => this.#ports.verb(() => this.#leave(effect)))
      default:
        return unreachable(effect)
    }
  }

  /** Puts another key or token of the same user behind the session, or tells the caller that it is no good. */
  renew(token: string): void {
    const { callerByToken, log, tellCaller, onRenewed, onEvent, verb } = this.#ports
    void callerByToken(token).then(
      (found) =>
        verb(() => {
          if (!found || !mayTakeOver(found, this.#caller)) return tellCaller({ code: 'unauthenticated', reason: 'key' })
          this.#caller = found
          onRenewed(found)
          onEvent({ type: 'renewed', endsAt: found.endsAt })
        }),
      (error: unknown) => verb(() => tellCaller(handled(log, error, 'check a token'))),
    )
  }

  #open({ start }: Of<'open'>): void {
    const { store, sessionId, caller, clock, log, metrics, onEvent, verb } = this.#ports
    this.#startedAt = clock.now()
    const { userId, limits } = caller
    void openSession(store, start, { sessionId, userId, limits, now: clock.now() }).then(
      (session) =>
        verb(() => {
          onEvent({ type: 'opened', session: { ...session, tokenEndsAt: this.#caller.endsAt } })
          metrics.count('sessions_opened')
        }),
      (error: unknown) => verb(() => onEvent({ type: 'openFailed', fault: handled(log, error, 'open the session') })),
    )
  }

  #place({ epoch, engines }: Of<'place'>): void {
    const { fleet, secrets, sessionId, clock, log, metrics, onEvent, verb } = this.#ports
    const { ticket, expiresAt } = secrets.mintTicket(epoch, clock.now())
    this.#placing = fleet.place({ sessionId, epoch, ticket, expiresAt, engines }).then(
      (nodeId) =>
        verb(() => {
          onEvent({ type: 'placed', at: { nodeId, epoch } })
          metrics.count('placements', { outcome: 'placed' })
        }),
      (error: unknown) =>
        verb(() => {
          const fault = handled(log, error, 'place the session')
          onEvent({ type: 'placeFailed', fault })
          metrics.count('placements', { outcome: 'refused', reason: refusedFor(fault) })
        }),
    )
  }

  #begin({ session, at }: Of<'begin'>): void {
    const { toNode, secrets, traffic, sessionId } = this.#ports
    const { lastTurn: _lastTurn, near: _near, tokenEndsAt: _tokenEndsAt, ...about } = session
    traffic.begins(session)
    toNode({
      type: 'session.begin',
      sessionId,
      ...about,
      epoch: at.epoch,
      nextSeq: traffic.relay.received.fromNode + 1,
      nextTurn: Math.min(traffic.lastTurn + 1, MAX_TURN_NUMBER),
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
      ...(traffic.relay.callerAcks && { resumeToken: secrets.caller.current(), resumeUrl: resumeUrlOf(sessionId) }),
      heartbeat: { pingEveryMs: PING_EVERY_MS, deadAfterMs: CALLER_DEAD_AFTER_MS },
      personaId: persona.id,
      personaName: persona.name,
      language,
      audio,
      options,
      engines,
    })
    traffic.relay.attachNode(0)
    traffic.relay.attachCaller(0)
    metrics.observe('session_setup', clock.now() - this.#startedAt)
  }

  /** A bug in it is owed again; whoever left has left. */
  #leave({ reason, saysEnded, fault }: Of<'leave'>): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    const { toCaller, hangUp, traffic, metrics, log, onEnded } = this.#ports
    tryAll([
      () => saysEnded && toCaller({ type: 'session.ended', id: newId('message'), reason }),
      () => hangUp(fault),
      () => traffic.relay.close(),
      onEnded,
      () => metrics.count('sessions_ended', { reason }),
      () => log.info({ reason }, 'session ended'),
    ])
  }
}

/** Why no node took a session. Nodes of a full fleet may say why; else their slots are in use. */
const refusedFor = (fault: Fault): string => (fault.code === 'no_capacity' ? (fault.reason ?? 'slots') : fault.code)
