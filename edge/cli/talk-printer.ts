// Prints a call for a person as it goes: partial transcripts over each other on a terminal, replies as they stream, and
// what goes wrong on a line of its own. Used by `parley talk`.
import type { ChatClientState } from '#shared/client/client-options.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { limitNearText, quotaFaultText } from '#shared/client/quota-text.ts'
import { enginesLine } from './engines-line.ts'

export interface TalkPrinter {
  message(message: ChatDown): void
  state(state: ChatClientState): void
}

export function createTalkPrinter(out: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>): TalkPrinter {
  let isInLine = false
  /** A line of its own, whatever was being written. */
  const line = (text: string): void => {
    out.write(`${isInLine ? '\n' : ''}${text}\n`)
    isInLine = false
  }
  const piece = (text: string): void => {
    out.write(text)
    isInLine = true
  }
  const erase = out.isTTY ? '\r\u001B[K' : ''

  const partial = (text: string): void => (out.isTTY ? piece(`${erase}… ${text}`) : line(`… ${text}`))
  const done = ({ status, heardText }: Extract<ChatDown, { type: 'reply.done' }>): void => {
    if (status !== 'complete') line(`(${status}; heard: ${heardText})`)
    else if (isInLine) out.write('\n')
    isInLine = false
  }

  function message(said: ChatDown): void {
    switch (said.type) {
      case 'session.ready':
        return line(enginesLine(said.engines))
      case 'transcript.partial':
        return partial(said.text)
      case 'transcript.final':
        isInLine &&= !out.isTTY
        return line(`${erase}you: ${said.text}`)
      case 'reply.text':
        return piece(isInLine ? said.text : `reply: ${said.text}`)
      case 'reply.done':
        return done(said)
      case 'session.notice':
        return line(`notice: ${limitNearText(said.detail) ?? said.notice}`)
      case 'fault':
        return line(`fault: ${said.code}: ${quotaFaultText(said.quota) ?? said.message}`)
    }
  }

  return {
    message,
    state: (state) => {
      if (state === 'reconnecting') line('connection lost, trying again')
    },
  }
}
