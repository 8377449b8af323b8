// The stand-in for vLLM as a program of its own, for tests that start, watch and end it: `vllm-process.ts PORT`.
import { startVllmServer } from './vllm-server.ts'

await startVllmServer({ words: ['Hello.'], waiting: 7, kvCache: 0.5 }, Number(process.argv[2]))
