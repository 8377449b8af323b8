// Why an engine ended, from what it said last: a card without room is nobody's crash. Pure.

/** Of torch, CUDA, CTranslate2 and vLLM; the last two are vLLM's when others hold or free memory while it starts. */
const MEMORY = /out of memory|OutOfMemoryError|_STATUS_ALLOC_FAILED|Free memory on device|Error in memory profiling/i

export function exitCause(lastLines: readonly string[]): 'crash' | 'memory' {
  return lastLines.some((line) => MEMORY.test(line)) ? 'memory' : 'crash'
}
