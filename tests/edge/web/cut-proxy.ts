// A network that can fail: passes bytes between browser and edge until it is cut, which resets every connection at once.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface CutProxy {
  url: string
  /** Resets what is open and refuses what comes until restore(). */
  cut(): void
  restore(): void
  close(): Promise<void>
}

export async function startCutProxy(edgeUrl: string): Promise<CutProxy> {
  const edge = new URL(edgeUrl)
  const open = new Set<Socket>()
  let isCut = false
  const server = createServer((caller) => {
    if (isCut) return void caller.resetAndDestroy()
    const far = connect(Number(edge.port), edge.hostname)
    for (const [socket, other] of [
      [caller, far],
      [far, caller],
    ] as const) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const reset = (): void => {
    for (const socket of open) socket.resetAndDestroy()
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      isCut = true
      reset()
    },
    restore() {
      isCut = false
    },
    close() {
      reset()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
