// Follows the messages of one call and knows which turns are still open. Used by call.ts; it sends nothing.
import type { Clock } from '#shared/clock.ts'
import { FaultError, type Fault } from '#shared/fault.ts'
import type { ConversationId, TurnId } from '#shared/ids.ts'
import type { Timings, TurnStatus } from '#shared/model/turn.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'

export interface SpokenTurn {
  transcript: string
  reply: string
  status: TurnStatus
  /** As the node measured them. */
  timings: Timings
  /** From the end of the recording (or the sending of the text) to the first reply audio here. */
  firstAudioMs: number | null
}

type ReplyDone = Extract<ChatDown, { type: 'reply.done' }>

export class TurnWatch {
  readonly #clock: Clock
  readonly #transcripts = new Map<TurnId, string>()
  readonly #done: ReplyDone[] = []
  readonly #firstAudioAt = new Map<number, number>()
  readonly #ordinals = new Map<TurnId, number>()
  /** Utterances that are not closed, and utterances whose reply is not done. */
  readonly #open = new Set<TurnId>()
  #askedAt = 0
  #conversationId: ConversationId | undefined
  #ended: Fault | undefined
  #lastFault: Fault | undefined
  #waiters: Array<{ resolve: () => void; reject: (error: Error) => void }> = []
  readonly ready: Promise<void>
  #onReady: () => void = () => {}
  #onRefused: (error: Error) => void = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve
      this.#onRefused = reject
    })
    // Whoever awaits it sees the refusal; nobody has to.
    this.ready.catch(() => {})
  }

  get conversationId(): ConversationId {
    if (this.#conversationId === undefined) throw new Error('the session is not ready')
    return this.#conversationId
  }

  /** What the edge complained of last. */
  get lastFault(): Fault | undefined {
    return this.#lastFault
  }

  /** Nothing that was said waits for an answer. */
  get isSettled(): boolean {
    return this.#open.size === 0
  }

  get hasTurns(): boolean {
    return this.#done.length > 0
  }

  /** The session is over; whoever waits for more would wait for ever. */
  get hasEnded(): boolean {
    return this.#ended !== undefined
  }

  get sinceAskedMs(): number {
    return this.#clock.now() - this.#askedAt
  }

  /** Forgets the turns before this question. */
  begin(): void {
    this.#done.length = 0
    this.asked()
  }

  /** The question has been asked to its end. */
  asked(): void {
    this.#askedAt = this.#clock.now()
  }

  nextReply(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  message(message: ChatDown): void {
    switch (message.type) {
      case 'session.ready':
        this.#conversationId = message.conversationId
        return this.#onReady()
      case 'session.ended':
        // The client may go on in another session; what was asked in this one stays unanswered.
        return this.end(message.reason)
      case 'fault':
        this.#lastFault = { ...message, code: message.code } as Fault
        return
      case 'utterance.started':
        return void this.#open.add(message.turnId)
      case 'utterance.ended':
        if (message.reason === 'noSpeech' || message.reason === 'cleared') this.#open.delete(message.turnId)
        return
      case 'transcript.final':
        return void this.#transcripts.set(message.turnId, message.text)
      case 'reply.started':
        return void this.#ordinals.set(message.turnId, message.turn)
      case 'reply.done':
        this.#open.delete(message.turnId)
        this.#done.push(message)
        return this.#wake((waiter) => waiter.resolve())
    }
  }

  audio(turn: number): void {
    if (!this.#firstAudioAt.has(turn)) this.#firstAudioAt.set(turn, this.#clock.now())
  }

  end(reason: string): void {
    this.#ended = this.#lastFault ?? ({ code: reason === 'nodeLost' ? 'node_lost' : reason } as Fault)
    const error = new FaultError(this.#ended)
    this.#onRefused(error)
    this.#wake((waiter) => waiter.reject(error))
  }

  /** The turns since begin(). Throws the fault that ended the session where there is no turn. */
  take(): SpokenTurn[] {
    if (this.#done.length === 0 && this.#ended !== undefined) throw new FaultError(this.#ended)
    return this.#done.map((done) => {
      const heardAt = this.#firstAudioAt.get(this.#ordinals.get(done.turnId) ?? 0)
      return {
        transcript: this.#transcripts.get(done.turnId) ?? '',
        reply: done.replyText,
        status: done.status,
        timings: done.timings,
        firstAudioMs: heardAt === undefined ? null : heardAt - this.#askedAt,
      }
    })
  }

  #wake(tell: (waiter: { resolve: () => void; reject: (error: Error) => void }) => void): void {
    for (const waiter of this.#waiters.splice(0)) tell(waiter)
  }
}
