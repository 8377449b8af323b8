// The network between two programs of a test: passes bytes on 127.0.0.1 and breaks when it is told to. Knows of a connection
// only the path that it asked for, so that a test can cut one kind of socket and leave the others.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Wires {
  /** http://127.0.0.1:port, in front of the target. */
  url: string
  /** How each connection began: the head of its request, with all that rode in it. */
  heads: string[]
  /** Breaks the open connections whose path begins so, without a closing handshake; what was on its way is lost. */
  cut(path?: string): number
  /** From now on nothing passes, in either direction, and nothing is closed: a cable that was pulled. */
  freeze(): void
  /** Breaks everything and lets nobody in until restore(). */
  down(): void
  restore(): void
  /** Open connections whose path begins so. */
  open(path?: string): number
  close(): Promise<void>
}

interface Wire {
  path: string
  near: Socket
  far: Socket
}

export async function layWires(targetUrl: string): Promise<Wires> {
  const target = new URL(targetUrl)
  const wires = new Set<Wire>()
  const heads: string[] = []
  let isDown = false
  let isFrozen = false
  const server = createServer((near) => {
    if (isDown) return void near.resetAndDestroy()
    const far = connect(Number(target.port), target.hostname)
    const wire: Wire = { path: '', near, far }
    wires.add(wire)
    near.once('data', (head) => {
      heads.push(head.toString('latin1'))
      wire.path = /^\w+ (\S+)/.exec(head.toString('latin1'))?.[1] ?? ''
    })
    near.on('data', (bytes) => isFrozen || far.write(bytes))
    far.on('data', (bytes) => isFrozen || near.write(bytes))
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.setNoDelay(true)
      one.on('error', () => other.destroy())
      one.on('end', () => other.end())
      one.on('close', () => {
        other.destroy()
        wires.delete(wire)
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const having = (path: string): Wire[] => [...wires].filter((wire) => wire.path.startsWith(path))
  const cut = (path = ''): number => {
    const found = having(path)
    for (const wire of found) {
      wires.delete(wire)
      wire.near.resetAndDestroy()
      wire.far.resetAndDestroy()
    }
    return found.length
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heads,
    cut,
    freeze: () => {
      isFrozen = true
    },
    down: () => {
      isDown = true
      cut()
    },
    restore: () => {
      isDown = false
      isFrozen = false
    },
    open: (path = '') => having(path).length,
    close: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
