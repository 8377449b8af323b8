// The real recogniser's thread, which decodes for real, answers `finish` with how many pushes it has decoded since it was last
// asked, and stops at a push that begins with STALL until its utterance is dropped: so a test makes a backlog without a clock.
import { workerData } from 'node:worker_threads'
import type { RecogniserSetup } from '#gpu-node/engines/embedded/pocketsphinx/pocketsphinx-worker.ts'
import { Utterance } from '#gpu-node/engines/embedded/pocketsphinx/pocketsphinx-utterance.ts'

export const STALL = 12_345
const { wanted } = (workerData ?? {}) as Partial<RecogniserSetup>
const { push } = Utterance.prototype
let pushes = 0

Utterance.prototype.push = function (pcm) {
  pushes++
  if (wanted && pcm[0] === STALL) {
    const own = Atomics.load(wanted, 0)
    // Nobody wakes it: it looks again each millisecond.
    while (Atomics.load(wanted, 0) === own) Atomics.wait(wanted, 0, own, 1)
  }
  return push.call(this, pcm)
}
Utterance.prototype.finish = () => {
  const said = `${pushes} pushes`
  pushes = 0
  return said
}
// Where a test reads STALL there is no thread.
if (wanted) await import('#gpu-node/engines/embedded/pocketsphinx/pocketsphinx-worker.ts')
