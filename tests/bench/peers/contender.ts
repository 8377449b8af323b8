// One of the systems that `npm run bench -- peers` holds side by side: how it is started, called, weighed and stopped. Parley is one of
// them: its edge and its GPU node. Used by peers.ts.
import { residentBytes, computedMs } from '#gpu-node/voices/process-facts.ts'
import { readProcesses, treeOf } from '#gpu-node/supervisor/proc-table.ts'
import { startChild, type Usage } from '#tests/bench/child.ts'
import type { EdgeFacts } from '#tests/bench/edge-process.ts'
import type { EngineDelays, NodeSettings } from '#tests/bench/node-process.ts'
import { SpeakingCaller } from '#tests/bench/speaking-caller.ts'
import type { PeersEnvironment } from '#tests/tooling/peers-environment.ts'
import { PeerCaller } from './peer-caller.ts'
import { startPython } from './python-peer.ts'

export interface Work {
  vad: 'scripted' | 'real'
  delays: EngineDelays
  /** How long a reply sounds. */
  replyMs: number
  /** The silence that ends an utterance. */
  silenceMs: number
  /** The most sessions that will be opened at once. */
  sessions: number
}

/** By monotonic.ts's clock. */
export interface Answered {
  speechEndedAtMs: number
  firstAudioAtMs: number
}

export interface Caller {
  /** Rejects with an Error where no reply comes. */
  speak(pcm: Int16Array): Promise<Answered>
  end(): Promise<void>
}

export interface Running {
  /** A session that is ready and whose microphone runs. */
  call(): Promise<Caller>
  usage(): Promise<Usage>
  stop(): Promise<void>
}

export interface Contender {
  name: string
  start(work: Work): Promise<Running>
}

export const PARLEY: Contender = {
  name: 'Parley',
  async start({ sessions, ...scripted }) {
    const edge = await startChild<EdgeFacts>('./edge-process.ts', {})
    try {
      const { url: edgeUrl, nodeToken: token } = edge.facts
      const settings: NodeSettings = { edgeUrl, token, slots: sessions, scripted }
      const node = await startChild<object>('./node-process.ts', settings)
      return {
        // Speculation is off for everybody.
        call: () => new SpeakingCaller({ ...edge.facts, options: { speculation: false } }).open(),
        usage: () => usageOf([edge.pid, node.pid]),
        stop: async () => {
          await node.stop()
          await edge.stop()
        },
      }
    } catch (error) {
      await edge.stop()
      throw error
    }
  },
}

export function peersIn({ python }: PeersEnvironment): Contender[] {
  const peer = (name: string, program: string): Contender => ({
    name,
    async start(work) {
      const { url, pid, stop } = await startPython(python, program, work)
      return { call: () => new PeerCaller(url, work.replyMs).open(), usage: () => usageOf([pid]), stop }
    },
  })
  return [peer('Pipecat', 'pipecat_peer.py'), peer('LiveKit Agents', 'livekit_peer.py')]
}

/** Of these processes and all below them, measured in one way for everybody. Nothing where there is no /proc. */
async function usageOf(pids: number[]): Promise<Usage> {
  const table = await readProcesses()
  const all = pids.flatMap((pid) => treeOf(table, pid))
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
  return {
    cpuMs: sum(await Promise.all(all.map(({ pid }) => computedMs(pid)))),
    rssBytes: sum(await Promise.all(all.map(({ pid }) => residentBytes(pid)))),
  }
}
