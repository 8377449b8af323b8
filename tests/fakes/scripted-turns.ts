// Turns that do what a test says, for whoever tests a session: what came in is kept, what goes out is pushed by the test.
import type { EndReason, UnnumberedUp } from '#shared/protocol/session-messages.ts'
import type { TurnRunner, TurnRunnerOptions, TurnSink } from '#gpu-node/turn/ports.ts'

export interface ScriptedTurns extends TurnRunner {
  readonly options: TurnRunnerOptions
  readonly sink: TurnSink
  readonly heard: Int16Array[]
  readonly received: UnnumberedUp[]
  /** Resolves with the reason when the session ends the turns. */
  readonly ended: Promise<EndReason>
  /** Called by end(); what the turns still have to say. */
  onEnd: (reason: EndReason) => Promise<void> | void
  /** Called for each message; a test may throw here, as a bug would. */
  onReceive: (message: UnnumberedUp) => void
  /** Whether a turn is open, as a test says; set it to false to let whenIdle() resolve. */
  isInTurn: boolean
  nextReceived(): Promise<UnnumberedUp>
  nextAudio(): Promise<Int16Array>
}

export interface TurnsFactory {
  create: (options: TurnRunnerOptions) => TurnRunner
  /** The turns of the next session that begins. */
  next(): Promise<ScriptedTurns>
}

export function createScriptedTurns(): TurnsFactory {
  const made = createMailbox<ScriptedTurns>()
  return {
    create: (options) => {
      const turns = createTurns(options)
      made.put(turns)
      return turns
    },
    next: made.take,
  }
}

function createTurns(options: TurnRunnerOptions): ScriptedTurns {
  const ended = Promise.withResolvers<EndReason>()
  const messages = createMailbox<UnnumberedUp>()
  const frames = createMailbox<Int16Array>()
  let isInTurn = false
  const onIdle: (() => void)[] = []
  const turns: ScriptedTurns = {
    get isInTurn() {
      return isInTurn
    },
    set isInTurn(is) {
      isInTurn = is
      if (!is) for (const resolve of onIdle.splice(0)) resolve()
    },
    whenIdle: () => (isInTurn ? new Promise((resolve) => onIdle.push(resolve)) : Promise.resolve()),
    options,
    sink: options.sink,
    heard: [],
    received: [],
    ended: ended.promise,
    onEnd: () => {},
    onReceive: () => {},
    nextReceived: messages.take,
    nextAudio: frames.take,
    audio: (pcm) => {
      turns.heard.push(pcm)
      frames.put(pcm)
    },
    receive: (message) => {
      turns.received.push(message)
      messages.put(message)
      turns.onReceive(message)
    },
    end: async (reason) => {
      ended.resolve(reason)
      await turns.onEnd(reason)
    },
  }
  return turns
}

interface Mailbox<T> {
  put(item: T): void
  take: () => Promise<T>
}

function createMailbox<T>(): Mailbox<T> {
  const items: T[] = []
  const takers: Array<(item: T) => void> = []
  return {
    put: (item) => {
      const taker = takers.shift()
      if (taker) taker(item)
      else items.push(item)
    },
    take: () =>
      new Promise((resolve) => {
        const item = items.shift()
        if (item === undefined) takers.push(resolve)
        else resolve(item)
      }),
  }
}
