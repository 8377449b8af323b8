// A RoomSocket in memory: what a room sent, and whether it closed it. A test sets how much waits in it.
import type { RoomSocket } from '#edge/rooms-ports.ts'
import type { Frame } from '#shared/link/frame.ts'

export class FakeSocket implements RoomSocket {
  readonly sent: Frame[] = []
  bufferedAmount = 0
  closedWith: number | undefined

  send(frame: Frame): void {
    this.sent.push(frame)
  }

  close(code: number): void {
    this.closedWith ??= code
  }

  /** The messages, without pongs. */
  get messages(): Array<{ type: string } & Record<string, unknown>> {
    return this.sent
      .filter((frame) => typeof frame === 'string')
      .map((text) => JSON.parse(text) as { type: string } & Record<string, unknown>)
  }

  get types(): string[] {
    return this.messages.map(({ type }) => type)
  }

  /** The newest message of this type. */
  last(type: string): Record<string, unknown> | undefined {
    return this.messages.findLast((message) => message.type === type)
  }
}
