// A whole client against an edge that is faithful to the wire, over a network that breaks whenever it likes: what both sides
// say arrives once and in order.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { RelayLeg } from '#shared/link/relay-leg.ts'
import type { Frame } from '#shared/link/frame.ts'
import { encodeAudioFrame, sequenceOf } from '#shared/protocol/audio-frame.ts'
import type { DialledSocket } from '#tests/fakes/dialled-socket.ts'
import { createClientWorld, partial, ready, resumed, type ClientWorld } from './client-world.ts'

interface Numbered {
  type: string
  seq?: number
  received?: number
  text?: string
}

/** An edge whose node takes and acknowledges everything at once. Frames on the way either way may be lost. */
class FaithfulEdge {
  readonly up: RelayLeg
  readonly down: RelayLeg
  readonly taken: string[] = []
  readonly said: string[] = []
  /** A client between honest peers never gives cause for one. */
  gaps = 0
  /** On the way to the client. */
  #flight: Frame[] = []
  /** The last numbered frame that arrived at the client. */
  #numbered: Frame | undefined
  #socket: DialledSocket | undefined
  #readSoFar = 0
  #token = 1
  #isBegun = false
  readonly #world: ClientWorld

  constructor(world: ClientWorld) {
    this.#world = world
    const onOverflow = (): void => expect.unreachable('the link overflowed')
    this.up = new RelayLeg({ clock: world.clock, onOverflow })
    this.down = new RelayLeg({ clock: world.clock, onOverflow })
  }

  say(kind: 'text' | 'audio'): void {
    const seq = this.said.length + 1
    this.said.push(`${kind} ${seq}`)
    const frame =
      kind === 'text'
        ? JSON.stringify(partial(seq))
        : encodeAudioFrame({ turn: 1, sequence: seq, pcm: Uint8Array.of(seq % 256, 0) })
    this.down.take(seq, frame)
  }

  /** Lets the newest dial in, unless it is in already. */
  answer(): void {
    const socket = this.#world.dials.all.at(-1)
    if (socket === undefined || socket.readyState !== 0) return
    this.lose()
    // The session lives on: its conversation is in use.
    if (socket.resumeToken === undefined && this.#isBegun) return socket.open().fail(FAULT_TABLE.conflict.close)
    this.#isBegun = true
    this.#socket = socket
    this.#readSoFar = 0
    socket.open()
    const received = Number(socket.url.searchParams.get('received'))
    const token = `token${++this.#token}`
    this.#flight.push(JSON.stringify(socket.resumeToken === undefined ? ready() : resumed(this.up.received, token)))
    this.down.attachFar((frame) => this.#flight.push(frame), received)
    this.#ack()
  }

  /** The network is gone, with everything on the way. */
  lose(): void {
    this.down.detachFar()
    this.#flight = []
    const socket = this.#socket
    this.#socket = undefined
    if (socket?.readyState === 1) socket.fail()
  }

  /** As a replay does that crosses with an acknowledgement. */
  repeat(): void {
    if (this.#numbered !== undefined && this.#socket !== undefined) this.#flight.push(this.#numbered)
  }

  /** Up to so many frames arrive each way. */
  deliver(count: number): void {
    for (let i = 0; i < count; i++) {
      const sent = this.#socket?.sent[this.#readSoFar]
      if (sent !== undefined) {
        this.#readSoFar++
        this.#take(sent)
      }
      const frame = this.#flight.shift()
      if (frame === undefined || this.#socket?.readyState !== 1) continue
      if (typeof frame !== 'string' || frame.includes('"seq"')) this.#numbered = frame
      this.#socket.say(frame)
    }
  }

  #take(frame: Frame): void {
    if (typeof frame !== 'string') return this.#count(sequenceOf(frame), 'audio', frame)
    const message = JSON.parse(frame) as Numbered
    if (message.type === 'ack') return this.down.acked(message.received ?? 0)
    if (message.seq !== undefined) this.#count(message.seq, `text ${message.text}`, frame)
  }

  #count(seq: number, what: string, frame: Frame): void {
    const outcome = this.up.take(seq, frame)
    if (outcome === 'relayed') this.taken.push(what)
    if (outcome === 'gap') {
      this.gaps++
      return this.lose()
    }
    this.up.acked(seq)
    this.#ack()
  }

  #ack(): void {
    this.#flight.push(JSON.stringify({ type: 'ack', received: this.up.farReceived }))
  }
}

const STEPS = [
  'client text',
  'client audio',
  'edge text',
  'edge audio',
  'deliver 1',
  'deliver 2',
  'deliver 50',
  'wait',
  'answer',
  'lose',
  'repeat',
  'drop',
] as const
type Step = (typeof STEPS)[number]

/** Of 250 ms: longer than any wait of the client's. */
const MAX_ROUNDS = 100

/** Five connections in a row that carry next to nothing, and texts that wait for the sixth. */
const FIVE_DROPS: Step[] = [
  'drop',
  'wait',
  'wait',
  'answer',
  'deliver 2',
  'lose',
  'wait',
  'wait',
  'answer',
  'lose',
  'wait',
  'wait',
  'drop',
  'wait',
  'wait',
  'wait',
  'client text',
  'client text',
  'client text',
  'wait',
  'drop',
]

async function play(steps: Step[]): Promise<{ world: ClientWorld; edge: FaithfulEdge; sent: string[] }> {
  const world = await createClientWorld()
  const edge = new FaithfulEdge(world)
  const sent: string[] = []
  const perform = async (step: Step): Promise<void> => {
    const [verb, what] = step.split(' ')
    if (step === 'client text') {
      const text = `${sent.length}`
      sent.push(`text ${text}`)
      world.client.send({ type: 'text.send', text })
    } else if (step === 'client audio') {
      sent.push('audio')
      world.client.sendAudio(Int16Array.of(sent.length))
    } else if (verb === 'edge') edge.say(what === 'text' ? 'text' : 'audio')
    else if (verb === 'deliver') edge.deliver(Number(what))
    else if (verb === 'wait') await world.clock.advance(150)
    else if (verb === 'answer') edge.answer()
    else if (verb === 'lose') edge.lose()
    else if (verb === 'repeat') edge.repeat()
    else world.client.dropConnection()
  }
  edge.answer()
  edge.deliver(9)
  for (const step of steps) await perform(step)
  // The back-off after so many drops may wait for seconds.
  for (let i = 0; i < 12 || (world.states.at(-1) !== 'ready' && i < MAX_ROUNDS); i++) {
    // A dial that was left alone is answered now, or made after its wait.
    edge.answer()
    edge.deliver(1_000)
    await world.clock.advance(250)
  }
  return { world, edge, sent }
}

it(
  '[CLT15] whatever the network does, what both sides say arrives once and in order',
  { timeout: 60_000 },
  async () => {
    const steps = fc.array(fc.constantFrom(...STEPS), { minLength: 5, maxLength: 80, size: 'max' })
    await fc.assert(
      fc.asyncProperty(steps, async (each) => {
        const { world, edge, sent } = await play(each)
        expect(edge.taken).toEqual(sent)
        const texts = world.messages.flatMap((message) =>
          message.type === 'transcript.partial' ? [`text ${message.seq}`] : [],
        )
        expect(texts).toEqual(edge.said.filter((said) => said.startsWith('text')))
        const audio = edge.said.flatMap((said) => (said.startsWith('audio') ? [Number(said.slice(6)) % 256] : []))
        expect(world.audio.map(({ samples }) => samples[0])).toEqual(audio)
        expect([edge.gaps, world.unreadable, world.states.at(-1)]).toEqual([0, [], 'ready'])
      }),
      { numRuns: 200, examples: [[FIVE_DROPS]] },
    )
  },
)
