// What a caller wrote while there was no connection: a resumed session gets it from the link, but where the session is
// lost the next one must be given it. Kept by chat-client.ts from the loss to the next session.
import type { UnnumberedUp } from '#shared/protocol/session-messages.ts'

/** More than anybody writes in the two minutes in which a session can be resumed. */
const MAX_UNSENT = 32

export class Unsent {
  #messages: UnnumberedUp[] = []

  /** Keeps words and settings; what names a turn of the lost session means nothing to another one. */
  keep(message: UnnumberedUp): void {
    if (message.type !== 'text.send' && message.type !== 'session.update') return
    this.#messages = [...this.#messages, message].slice(-MAX_UNSENT)
  }

  take(): UnnumberedUp[] {
    const messages = this.#messages
    this.#messages = []
    return messages
  }
}
