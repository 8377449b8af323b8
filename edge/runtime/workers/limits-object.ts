// The Durable Object that owns one shard of token buckets and single-use secrets. limits.ts calls it through itty-durable;
// it knows neither the port nor the name of its shard. State is small and is stored as one value.
// itty-durable 2.4.1 lets any path call any method, loads only in fetch() and drops a failed write: closed below.
import { createDurable } from 'itty-durable'
import { type Minting, type Secrets, burnSecret, mintSecret } from '#edge/limits/single-use.ts'
import { type Buckets, type Taking, type TakenToken, takeToken } from '#edge/limits/token-bucket.ts'
import { MAX_BUCKETS, MAX_SECRETS } from './limits-shards.ts'

/** The addresses that itty-durable's stub makes for our calls. Its others (destroy, set, get-prop …) are nobody's. */
const CALLABLE = new Set(['take', 'mint', 'burn'].map((method) => `https://itty-durable/do/call/${method}`))

/** The part of a Durable Object's state that is used here. */
interface ObjectState {
  storage: { get(key: 'data'): Promise<unknown> }
  blockConcurrencyWhile(run: () => Promise<void>): Promise<void>
}

export class LimitsObject extends createDurable() {
  buckets: Buckets = new Map()
  secrets: Secrets = new Map()
  isChanged = false

  constructor(state: ObjectState) {
    // Without the bindings: itty-durable would take each for a namespace of objects.
    super(state, {})
    // Nothing is delivered before the state is here, whichever way the object was woken.
    void state.blockConcurrencyWhile(() => this.loadFromStorage())
  }

  override async fetch(request: Request): Promise<Response> {
    if (!CALLABLE.has(request.url)) return new Response(null, { status: 404 })
    const answer: Response = await super.fetch(request)
    if (!this.isChanged) return answer
    // Before the write, not after it: a change that comes in meanwhile is written by its own call.
    this.isChanged = false
    try {
      await this.persist()
      return answer
    } catch (error) {
      await this.#forget()
      return Response.json({ error: `not stored: ${String(error)}` }, { status: 500 })
    }
  }

  override getPersistable(): Pick<LimitsObject, 'buckets' | 'secrets'> {
    return { buckets: this.buckets, secrets: this.secrets }
  }

  // --- what limits.ts calls; each argument is one JSON text, each answer an object, for itty-durable loses undefined ---

  take(text: string): TakenToken {
    const taking: Taking = JSON.parse(text)
    const taken = takeToken(this.buckets, taking, MAX_BUCKETS)
    // A refusal leaves the bucket as it was: a flood of them writes nothing.
    this.isChanged ||= taken.ok
    return taken
  }

  mint(text: string): { isMinted: true } {
    const minting: Minting = JSON.parse(text)
    mintSecret(this.secrets, minting, MAX_SECRETS)
    this.isChanged = true
    return { isMinted: true }
  }

  burn(text: string): { claim: string | null } {
    const { secretHash, now }: { secretHash: string; now: number } = JSON.parse(text)
    const sizeBefore = this.secrets.size
    const claim = burnSecret(this.secrets, secretHash, now)
    this.isChanged ||= this.secrets.size !== sizeBefore
    return { claim: claim ?? null }
  }

  /** Memory must not be ahead of storage: what could not be stored has not happened. */
  async #forget(): Promise<void> {
    Object.assign(this, { buckets: new Map(), secrets: new Map(), isChanged: false })
    Object.assign(this.state, { initialized: false })
    await this.loadFromStorage()
  }
}
