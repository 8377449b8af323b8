// Why an engine ended, from what it said last: a card without room is nobody's crash. Pure.

/**
 * Of torch, CUDA, CTranslate2 and vLLM; the last one is vLLM's when others free memory while it starts. Its "Free memory on device …" is
 * not among them: preflight found room for it, so it asks for more than the plan has, and would do so again.
 */
const MEMORY = /out of memory|OutOfMemoryError|_STATUS_ALLOC_FAILED|Error in memory profiling/i

export function exitCause(lastLines: readonly string[]): 'crash' | 'memory' {
  return lastLines.some((line) => MEMORY.test(line)) ? 'memory' : 'crash'
}
