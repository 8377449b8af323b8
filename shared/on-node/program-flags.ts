// Flags of Node for Parley's own programs. Those of `npm run …` stand in package.json; a test holds both to be the same.

/**
 * A small space for young objects: it is collected more often, but holds 60 MB less at the edge (an audio frame dies at once). The module
 * is a preload, not an import: by then Node would have loaded its TypeScript compiler, 50 MB, also where the compiled code is kept.
 */
export const PROGRAM_FLAGS = [
  '--max-semi-space-size=4',
  `--import=${new URL('./quick-imports.mjs', import.meta.url).href}`,
] as const
