// One socket of the caller, from dial to loss: its heartbeat, its time limit to open, and one single `onLost`.
// It knows neither sessions nor messages.
import type { Clock } from '#shared/clock.ts'
import { startKeepalive, type Keepalive } from '#shared/link/keepalive.ts'
import { SOCKET_OPEN, type SocketLike } from '#shared/link/socket.ts'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { PING } from '#shared/protocol/decode.ts'
import { CALLER_DEAD_AFTER_MS, PING_EVERY_MS } from '#shared/protocol/limits.ts'

/** After a hint that the network changed: how long the edge may take to answer before the socket counts as dead. */
export const PROBE_MS = 1_000
/** A dial that is neither open nor refused by then is given up. */
const DIAL_TIMEOUT_MS = 10_000

export interface CallerSocketEvents {
  onOpen: () => void
  onData: (data: string | ArrayBuffer) => void
  /** Called once, with the close code; never after close(). */
  onLost: (code: number) => void
}

export interface CallerSocket {
  /** Sends where the socket is open; otherwise the link keeps what matters. */
  transmit(frame: string | Uint8Array<ArrayBuffer>): void
  /** Asks whether the edge is still there. Where nothing of it is heard within PROBE_MS, the socket is lost. */
  probe(): void
  /** Ends it from this side, without onLost. */
  close(code: number): void
}

export function watchSocket(socket: SocketLike, clock: Clock, events: CallerSocketEvents): CallerSocket {
  let keepalive: Keepalive | undefined
  let isOver = false
  let cancelProbe: (() => void) | undefined
  socket.binaryType = 'arraybuffer'
  const cancelDial = clock.after(DIAL_TIMEOUT_MS, () => lose(CLOSE_RESUME))

  function transmit(frame: string | Uint8Array<ArrayBuffer>): void {
    if (isOver || socket.readyState !== SOCKET_OPEN) return
    socket.send(frame)
    if (frame !== PING) keepalive?.sent()
  }
  function close(code: number): void {
    if (isOver) return
    isOver = true
    cancelDial()
    cancelProbe?.()
    keepalive?.stop()
    if (socket.readyState <= SOCKET_OPEN) socket.close(code)
  }
  function lose(code: number): void {
    if (isOver) return
    close(CLOSE_RESUME)
    events.onLost(code)
  }

  socket.onopen = () => {
    if (isOver) return
    cancelDial()
    const pace = { pingEveryMs: PING_EVERY_MS, deadAfterMs: CALLER_DEAD_AFTER_MS }
    keepalive = startKeepalive({ clock, ...pace, send: transmit, onDead: () => lose(CLOSE_RESUME) })
    events.onOpen()
  }
  socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
    if (isOver) return
    keepalive?.heard()
    cancelProbe?.()
    cancelProbe = undefined
    events.onData(data)
  }
  // What went wrong is told by the close that follows.
  socket.onerror = () => {}
  socket.onclose = ({ code }: { code: number }) => lose(code)
  function probe(): void {
    if (isOver || cancelProbe !== undefined) return
    transmit(PING)
    cancelProbe = clock.after(PROBE_MS, () => lose(CLOSE_RESUME))
  }
  return { transmit, probe, close }
}
