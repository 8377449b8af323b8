// Starts one GPU node and gives back how to stop it: opens the outbox and joins engines, tunnel, sessions and outbox.
// Called by main.ts and by tests. Each part knows only what it is handed here; no engine is named.
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import type { Clock } from '#shared/clock.ts'
import { systemClock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import { openSqlWorker, type SqlWorker } from '#shared/on-node/sql-worker.ts'
import type { Machine } from '#shared/model/node.ts'
import type { NodeStatus } from '#shared/protocol/node-messages.ts'
import { createAdmission, type Admission, type CardReading } from '#gpu-node/admission/admission.ts'
import type { EngineLoad } from '#gpu-node/admission/refusal.ts'
import { Apologies } from '#gpu-node/engines/apologies.ts'
import type {
  ChosenEngines,
  EngineRunner,
  EngineSettings,
  EngineSurroundings,
} from '#gpu-node/engines/choose-engines.ts'
import { EngineReports, type ReportedRunner } from '#gpu-node/engines/engine-reports.ts'
import { EngineReadiness } from '#gpu-node/engines/warm-up.ts'
import { watchMachine, type Card } from '#gpu-node/gpu/machine.ts'
import { openOutboxRows } from '#gpu-node/outbox/outbox-rows.ts'
import type { FinishedTurn } from '#gpu-node/outbox/finished-turn.ts'
import { Outbox, type OutboxOptions } from '#gpu-node/outbox/outbox.ts'
import { NodeSessions, type NodeSessionsOptions } from '#gpu-node/session/node-sessions.ts'
import { ControlLink } from '#gpu-node/tunnel/control-link.ts'
import { requestMethods } from '#gpu-node/tunnel/request-methods.ts'
import type { ConnectionEnd } from '#gpu-node/tunnel/refusal.ts'
import type { TurnRunner, TurnRunnerOptions } from '#gpu-node/turn/ports.ts'
import { readWordList } from '#shared/safety/word-list.ts'
import { simplified } from '#gpu-node/turn/hearing/script.ts'
import { serveStatus } from './app.ts'
import type { NodeConfig } from './config/node-config.ts'
import { statusOf } from './node-status.ts'
import { ENCODE, ENCODE_QUEUE } from './recording/encode-task.ts'
import { createRecording } from './recording/recording.ts'
import { createNodeTasks } from './tasks/node-tasks.ts'
import { createVoices, type Voices } from './voices/voices.ts'
import { SafetyCounts } from './safety-counts.ts'

/**
 * On shutdown, for what is being said right now to be finished. With the timeouts of session-state.ts and the next two this is
 * 17 s; `parley start` waits 25 s, so that engines have time to end, too.
 */
const FINISH_TURN_MS = 7_000
/** On shutdown, for the last turns to reach the edge; what does not is sent after the next start. */
const EMPTY_OUTBOX_MS = 2_000

/** On shutdown, for the sound of the last turns: a minute takes half a second. What is not done by then is left out. */
const ENCODE_MS = 3_000

/** For the engines' first answers, before the node joins without them. The embedded ones take under a second. */
const FIRST_TRY_MS = 10_000

export interface RunningNode {
  /** Resolves when the edge refuses this node for good: a wrong token, a version that it does not speak. */
  readonly refused: Promise<ConnectionEnd>
  /** Resolves at the first welcome with every engine ready. */
  readonly ready: Promise<void>
  /** An engine that the node runs is in another state: the edge hears of it. */
  engineChanged(): void
  /** Finishes what is being said (not when `hurry` is aborted), ends the sessions and frees everything. */
  close(hurry?: AbortSignal): Promise<void>
}

/** What main.ts chooses, and tests choose otherwise. */
export interface NodeParts {
  log: Log
  chooseEngines: (settings: EngineSettings, surroundings: EngineSurroundings) => Promise<ChosenEngines>
  createTurns: (options: TurnRunnerOptions) => TurnRunner
  /** Whoever starts and watches the managed engines; without one there are none. */
  runner?: EngineRunner & ReportedRunner
  /** The reader of the card; without one nothing is known of it. */
  gpu?: { latest(): (CardReading & Card) | undefined }
  /** How far the engines are behind, as far as they tell. */
  load?: () => EngineLoad
  clock?: Clock
  random?: () => number
}

const NO_CARD = { latest: () => undefined }
const UNKNOWN_LOAD: EngineLoad = { waitingRequests: null, kvCacheFraction: null, sttQueueMs: null, ttsQueueMs: null }

export async function startNode(config: NodeConfig, parts: NodeParts): Promise<RunningNode> {
  const { log, clock = systemClock, runner, gpu = NO_CARD, load = () => UNKNOWN_LOAD } = parts
  const database = await openSqlWorker(pathToFileURL(join(config.dataDir, 'node.db')).href)
  const admission = createAdmission({ guard: config.guard, gpu, load, clock, log })
  const chosen = await parts.chooseEngines(config, {
    log,
    clock,
    runner,
    isCardFull: () => admission.isCardFull(),
    ttsQueueMs: () => load().ttsQueueMs,
  })
  const rows = await openOutboxRows(database)
  const watch = watchMachine({ gpu, clock, folder: config.dataDir })
  const node = wire(config, { ...parts, clock, database, rows, chosen, admission, machine: watch.latest, load })
  const view = { ...node, speechCache: () => chosen.speechCache?.stats }
  const statusServer = config.port === undefined ? undefined : await serveStatus(config.port, view)
  node.recording.recover(await node.tasks.open(ENCODE))
  node.tasks.start()
  await firstTry(node.readiness, clock)
  node.control.start()
  admission.start(() => node.control.statusChanged())

  async function close(hurry?: AbortSignal): Promise<void> {
    node.drain()
    if (!hurry?.aborted) await Promise.race([node.sessions.idle(), clock.sleep(FINISH_TURN_MS, hurry).catch(() => {})])
    await node.sessions.leave()
    await node.recording.settled(ENCODE_MS)
    await node.tasks.stop()
    await node.outbox.emptied(EMPTY_OUTBOX_MS)
    node.readiness.stop()
    admission.stop()
    watch.stop()
    node.control.stop()
    node.outbox.close()
    await Promise.all([statusServer?.stop(), chosen.close(), database.end()])
    log.info({}, 'stopped')
  }
  return { refused: node.refused, ready: node.ready, engineChanged: node.engineChanged, close }
}

interface TurnCounter {
  note(turn: FinishedTurn['turn']): void
}

type Surroundings = NodeParts & {
  clock: Clock
  database: SqlWorker
  rows: Awaited<ReturnType<typeof openOutboxRows>>
  chosen: ChosenEngines
  admission: Admission
  machine: () => Machine | undefined
  load: () => EngineLoad
}

/** The parts refer to each other by callbacks that only this function knows. */
function wire(config: NodeConfig, parts: Surroundings) {
  const { log, clock, random, database, rows, chosen, createTurns, admission, machine, load } = parts
  const [refused, ready] = [Promise.withResolvers<ConnectionEnd>(), Promise.withResolvers<void>()]
  const shared = { edgeUrl: config.edgeUrl, token: config.token, clock, log, random }
  const changed = (): void => {
    control.statusChanged()
    if (control.isWelcome && readiness.areAllReady) ready.resolve()
  }
  const status = (): NodeStatus => statusOf({ chosen, readiness, sessions, admission, machine: machine() })
  const reports = new EngineReports({ members: chosen.members ?? [], load, runner: parts.runner })
  const askEngines = () => reports.report()
  const drain = (): void => drainBoth(sessions, control)
  const logFailure = (error: unknown): void => log.error({ error }, 'the outbox failed')
  const safety = new SafetyCounts()
  const apologies = new Apologies({ tts: chosen.engines.tts, clock, log })
  const atStart = { clock, log, isComing: chosen.isComing, onChange: changed, onSpeaks: () => apologies.render() }
  const readiness = new EngineReadiness(chosen.engines, atStart)
  const recording = createRecording(config, {
    clock,
    log,
    addTask: (task) => tasks.add(task),
    keepAudio: (turnId, audio) => outbox.addAudio(turnId, audio),
  })
  const tasks = createNodeTasks(database, { kinds: [recording.kind], queues: [ENCODE_QUEUE], clock, log })
  const send: OutboxOptions['send'] = (turn) => void control.send({ type: 'turn.finished', ...turn })
  const outbox = new Outbox({ rows, clock, log, send, carrier: recording.carrier })
  const voices = voicesOf(config, parts)
  const sessions: NodeSessions = new NodeSessions({
    ...shared,
    slots: chosen.slots,
    engines: chosen.engines,
    createTurns,
    apology: (language) => apologies.in(language),
    voiceOf: (voice, signal) => voices.reference(voice, signal),
    profanity: config.profanity === undefined ? undefined : readWordList(config.profanity, simplified),
    record: (sink, outputRate) => recording.record(sink, outputRate),
    keepTurn: (finished) => keepTurn(finished, outbox, [reports, safety]),
    isReady: () => readiness.areAllReady,
    refusal: () => admission.refusal(),
    accept: ({ sessionId, epoch }) => control.send({ type: 'offer.accepted', sessionId, epoch }),
    decline: declineBy(() => control, log),
    onChange: changed,
  })
  const control = new ControlLink({
    ...shared,
    name: config.name,
    version: config.version,
    status,
    onWelcome: () => {
      outbox.connected()
      changed()
    },
    onLost: () => outbox.disconnected(),
    onOffer: (offer) => sessions.offered(offer),
    onRevoked: (sessionId, reason) => sessions.revoked(sessionId, reason),
    onStored: (turnId) => void outbox.stored(turnId).catch(logFailure),
    onRejected: (turnId, code) => void outbox.rejected(turnId, code).catch(logFailure),
    onDrain: drain,
    methods: { ...requestMethods({ status, reports: askEngines, runner: parts.runner }), ...voices.methods },
    onRefused: refused.resolve,
  })
  const engineChanged = (): void => tellEngines(control, readiness, apologies)
  const promises = { refused: refused.promise, ready: ready.promise }
  return { control, sessions, outbox, recording, tasks, readiness, status, safety, drain, engineChanged, ...promises }
}

function keepTurn(finished: FinishedTurn, outbox: Outbox, counters: readonly TurnCounter[]): Promise<void> {
  // With its sound it comes once more.
  if (!finished.turn.audio) for (const counter of counters) counter.note(finished.turn)
  return outbox.keep(finished)
}

function drainBoth(sessions: NodeSessions, control: ControlLink): void {
  sessions.drain()
  control.drain()
  control.statusChanged()
}

/** An apology in another voice than the wanted one may find that one now. */
function tellEngines(control: ControlLink, readiness: EngineReadiness, apologies: Apologies): void {
  control.statusChanged()
  if (readiness.isReady('tts')) void apologies.render()
}

function voicesOf(config: NodeConfig, { chosen, clock, log }: Surroundings): Voices {
  const { edgeUrl, token, dataDir } = config
  const forgetSpeech = async (voice: string): Promise<void> => chosen.speechCache?.forgetVoice(voice)
  const node = { edgeUrl, token, folder: join(dataDir, 'voices') }
  return createVoices(node, { engines: chosen.engines, clock, log, forgetSpeech })
}

function declineBy(control: () => ControlLink, log: Log): NodeSessionsOptions['decline'] {
  return ({ sessionId, epoch }, code, reason) => {
    log.info({ sessionId, epoch, code, reason }, 'declines an offer')
    control().send({ type: 'offer.declined', sessionId, epoch, code, reason })
  }
}

/** The hello tells which engines are ready, so it waits for them, but not for a server that hangs. */
async function firstTry(readiness: EngineReadiness, clock: Clock): Promise<void> {
  const tried = new AbortController()
  const start = readiness.start().finally(() => tried.abort('shutdown'))
  await Promise.race([start, clock.sleep(FIRST_TRY_MS, tried.signal).catch(() => {})])
}
