// What a caller's client is given and what it offers. Implemented by chat-client.ts.
import type { Clock } from '#shared/clock.ts'
import type { Fault, FaultCode } from '#shared/fault.ts'
import type { ConversationId, SessionId } from '#shared/ids.ts'
import type { SocketLike } from '#shared/link/socket.ts'
import type { ChatDown, SessionStart } from '#shared/protocol/chat-messages.ts'
import type { EndReason, UnnumberedUp } from '#shared/protocol/session-messages.ts'

export type ChatClientState = 'connecting' | 'ready' | 'reconnecting' | 'ended'

export interface ChatClientOptions {
  /** `ws(s)://host[:port]` of the edge; /ws/chat is appended. */
  url: string
  openSocket(url: string, protocols: string[]): SocketLike
  /** Asked before each dial of a new session. Rejecting with an unauthenticated FaultError ends the client. */
  credentials?: () => Promise<{ ticket?: string }>
  clock: Clock
  start?: Omit<SessionStart, 'type'>
  onMessage(message: ChatDown): void
  /** PCM16 mono at the agreed output rate, of the turn with this ordinal. */
  onAudio(turn: number, pcm: Int16Array): void
  /** `detail`: why it ended, or the fault for which it connects again. */
  onState(state: ChatClientState, detail?: EndReason | FaultCode): void
  /** What the server sent and this client could not read. */
  onUnreadable?: (fault: Fault) => void
  /** A bug, of the client or of one of these callbacks, has ended the client. Without it the bug is thrown, later. */
  onBug?: (error: unknown) => void
  random?: () => number
  /**
   * How long a conversation that is in use is asked for again instead of ending with conflict: a page that was loaded anew
   * waits for the session of its former self to end. 0 by default.
   */
  conflictPatienceMs?: number
}

export interface ChatClient {
  readonly sessionId: SessionId | undefined
  readonly conversationId: ConversationId | undefined
  /** PCM16 mono at the agreed input rate; kept (within the link's bounds) while there is no connection. */
  sendAudio(pcm: Int16Array): void
  send(message: UnnumberedUp): void
  /** Ends the session and resolves when the edge has said goodbye, or after 5 s. */
  end(): Promise<void>
  /**
   * To be called where the device says that its network came, went or is another one, and when it wakes up: a client that waits
   * dials at once, and one that is connected finds out within a second whether it still is.
   */
  networkChanged(): void
  /** Drops the socket as a lost network would: the client then resumes by itself. */
  dropConnection(): void
}
