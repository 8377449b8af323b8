// Messages that arrived, in order, and a promise for the next one of a type: how tests wait without sleeping.

interface Waiting<T> {
  type: string
  resolve(message: T): void
}

export class Inbox<T extends { type: string }> {
  readonly all: T[] = []
  readonly #unread: T[] = []
  readonly #waiting: Array<Waiting<T>> = []

  put(message: T): void {
    this.all.push(message)
    const at = this.#waiting.findIndex(({ type }) => type === message.type)
    const [waiting] = at < 0 ? [] : this.#waiting.splice(at, 1)
    if (waiting) waiting.resolve(message)
    else this.#unread.push(message)
  }

  /** The first message of this type that nobody has asked for yet, now or when it comes. */
  next<K extends T['type']>(type: K): Promise<Extract<T, { type: K }>> {
    const isOfType = (message: T): message is Extract<T, { type: K }> => message.type === type
    const found = this.#unread.find(isOfType)
    if (found) {
      this.#unread.splice(this.#unread.indexOf(found), 1)
      return Promise.resolve(found)
    }
    return new Promise((resolve) => {
      this.#waiting.push({ type, resolve: (message) => isOfType(message) && resolve(message) })
    })
  }

  types(): string[] {
    return this.all.map(({ type }) => type)
  }
}
