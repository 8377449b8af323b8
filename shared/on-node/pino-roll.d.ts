// The part of pino-roll that log.ts uses; the package brings no types.
declare module 'pino-roll' {
  import type { destination } from 'pino'

  interface RollOptions {
    file: string
    size: string
    extension: string
    mkdir: boolean
    limit: { count: number; removeOtherLogFiles: boolean }
  }
  type SonicBoom = ReturnType<typeof destination>
  export default function build(options: RollOptions): Promise<SonicBoom>
}
