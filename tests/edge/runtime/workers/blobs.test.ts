// The port Blobs on real workerd, with the bucket of wrangler.toml: its contract.
import { afterAll, beforeAll, describe } from 'vitest'
import { blobsContract } from '#tests/edge/runtime/blobs.contract.ts'
import { hasWorkerd } from '#tests/tooling/machine.ts'
import { type Workerd, startWorkerd } from './workerd.ts'

describe.skipIf(!hasWorkerd())('workers', () => {
  let workerd: Workerd
  beforeAll(async () => {
    workerd = await startWorkerd()
  })
  afterAll(() => workerd.close())

  blobsContract('R2', () => workerd.blobs())
})
