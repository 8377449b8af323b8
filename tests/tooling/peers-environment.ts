// The virtual environment of the peers that `npm run bench -- peers` holds beside Parley: Pipecat and LiveKit Agents, pinned.
import { PythonEnvironment } from './python-environment.ts'

const ENVIRONMENT = new PythonEnvironment('.venv-peers', { peers: 'tests/bench/peers/requirements.txt' })

export const MAKE_PEERS = 'npm run bench -- peers --make'

export interface PeersEnvironment {
  python: string
}

/** The environment, if it was made whole from today's requirements. */
export function findPeers(): PeersEnvironment | undefined {
  return ENVIRONMENT.has('peers') ? { python: ENVIRONMENT.python } : undefined
}

/** Makes it where it is missing; returns whether it is there. */
export async function makePeers(python: string): Promise<boolean> {
  return ENVIRONMENT.has('peers') || ((await ENVIRONMENT.create(python)) && (await ENVIRONMENT.install('peers')))
}
