// Which host a test runs against: each vitest project says it of itself (vitest.config.ts). Suites that run on both ask here
// only to start it, and for the known gaps.
import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    host: HostName
  }
}

export type HostName = 'node' | 'workers'

export const hostName = (): HostName => inject('host')
