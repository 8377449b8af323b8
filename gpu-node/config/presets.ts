// The three engines that Parley knows how to start: the command line, port, memory and time of each, from a few fields. Flags
// are those of vLLM 0.33.0 and of the workers in engines/python. Knows no file and no environment.
import { globSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Managed } from './file-schema.ts'
import { F5_MODEL, VOCOS_MODEL, WHISPER_MODEL } from './known-models.ts'
import { isWhole } from './model-folder.ts'
import type { EngineNeeds } from './needs.ts'

export type Preset = 'vllm' | 'faster-whisper' | 'f5-tts'

export const GIB = 1024 ** 3
/** CUDA context, activations and graphs of vLLM with few sequences, beside weights and KV cache. */
const VLLM_OVERHEAD_GIB = 1.6
/** 5 conversations of 4,096 tokens of Qwen3-8B take 2.81 GiB. */
const DEFAULT_KV_CACHE_GIB = 3
/** Sessions, and the speculative reply of some. */
const MAX_SEQUENCES = 8
/** Beyond these vLLM answers 503 instead of letting callers wait. */
const MAX_QUEUED = 16
const WORKERS = resolve(import.meta.dirname, '../engines/python')

/** The pins of vLLM are resolved for one version of Python; those of the workers for all from 3.11 on. */
const PYTHON: Readonly<Record<Preset, EngineNeeds['python']>> = {
  vllm: { minor: 12, isExact: true },
  'faster-whisper': { minor: 11, isExact: false },
  'f5-tts': { minor: 11, isExact: false },
}

/** CUDA 13 (release notes, table 3) and CUDA 12. */
const DRIVER: Readonly<Record<Preset, number>> = { vllm: 580, 'faster-whisper': 525, 'f5-tts': 580 }

/** Weights on the card, in GiB. */
const WEIGHTS_GIB: Readonly<Record<string, number>> = {
  'Qwen/Qwen3-8B-AWQ': 5.7,
  'Qwen/Qwen3-4B-Instruct-2507': 7.6,
  'Qwen/Qwen2.5-7B-Instruct-AWQ': 5.2,
}

export interface PresetPlan {
  port: number
  /** What the server calls its model. */
  servedName: string
  vramReserveGib: number | undefined
  /** vLLM starts only where a share of the card is free, 0.92 if it is not told: with Whisper and F5 beside it never again. */
  shareFlag?: string
  startTimeoutMs: number
  command: string[]
  environment: Record<string, string>
  needs: EngineNeeds
}

interface Folders {
  models: string
  venv: string
  device?: Managed['device']
}

export function planPreset(preset: Preset, engine: Managed, folders: { models: string; venvs: string }): PresetPlan {
  const own = { models: folders.models, venv: engine.venv ?? join(folders.venvs, preset), device: engine.device }
  switch (preset) {
    case 'vllm':
      return planVllm(engine, own)
    case 'faster-whisper':
      return planWhisper(engine, own)
    case 'f5-tts':
      return planF5(engine, own)
  }
}

function needsOf(preset: Preset, { venv, device = 'cuda' }: Folders, models: EngineNeeds['models']): EngineNeeds {
  const driver = device === 'cuda' ? DRIVER[preset] : undefined
  const requirements = join(WORKERS, `requirements-${preset}.txt`)
  return { venv, python: PYTHON[preset], driver, compiles: preset === 'vllm', requirements, models }
}

function planVllm(engine: Managed, folders: Folders): PresetPlan {
  const { model = 'Qwen/Qwen3-8B-AWQ', port = 8101, kv_cache_gib: kvCacheGib = DEFAULT_KV_CACHE_GIB } = engine
  const weights = WEIGHTS_GIB[model]
  const folder = join(folders.models, basename(model))
  const licence = 'see https://huggingface.co/' + model
  const options = {
    'served-model-name': 'llm',
    host: '127.0.0.1',
    port,
    'kv-cache-memory-bytes': Math.round(kvCacheGib * GIB),
    'max-model-len': engine.max_model_len ?? 4096,
    'max-num-seqs': MAX_SEQUENCES,
    'max-num-queued-reqs': MAX_QUEUED,
    'max-cudagraph-capture-size': MAX_SEQUENCES,
    // A hidden block of thought before the first spoken word would be silence.
    'default-chat-template-kwargs': '{"enable_thinking":false}',
  }
  return {
    port,
    servedName: 'llm',
    // Where setup has not put it, vLLM fetches it itself, while callers wait.
    command: [join(folders.venv, 'bin', 'vllm'), 'serve', isWhole(folder) ? folder : model, ...flags(options)],
    environment: {
      // The model's own sampling wants top-p and top-k; FlashInfer's sampler for them is compiled at the start, by a CUDA compiler.
      VLLM_USE_FLASHINFER_SAMPLER: '0',
      VLLM_NO_USAGE_STATS: '1',
    },
    needs: needsOf('vllm', folders, [{ repo: model, revision: 'main', files: undefined, folder, licence }]),
    vramReserveGib: weights === undefined ? undefined : weights + kvCacheGib + VLLM_OVERHEAD_GIB,
    shareFlag: '--gpu-memory-utilization',
    // The first start compiles.
    startTimeoutMs: 300_000,
  }
}

function planWhisper(engine: Managed, folders: Folders): PresetPlan {
  const own = join(folders.models, 'faster-whisper-large-v3-turbo')
  const { model: named = own, port = 8102, device = 'cuda' } = engine
  // A repository: its worker never downloads, so setup does.
  const isRepo = REPO.test(named)
  const model = isRepo ? join(folders.models, basename(named)) : named
  const licence = `see https://huggingface.co/${named}`
  const other = isRepo ? [{ repo: named, revision: 'main', files: undefined, folder: model, licence }] : []
  const computeType = engine.compute_type ?? (device === 'cuda' ? 'float16' : 'int8')
  const options = { host: '127.0.0.1', port, 'served-name': 'whisper', device, model, 'compute-type': computeType }
  return {
    port,
    servedName: 'whisper',
    command: [join(folders.venv, 'bin', 'python'), join(WORKERS, 'faster_whisper_worker.py'), ...flags(options)],
    environment: { ...OFFLINE, ...cudaLibraries(folders.venv) },
    needs: needsOf('faster-whisper', folders, model === own ? [{ ...WHISPER_MODEL, folder: own }] : other),
    vramReserveGib: device === 'cpu' ? 0 : 2.5,
    startTimeoutMs: 60_000,
  }
}

function planF5(engine: Managed, folders: Folders): PresetPlan {
  const f5 = join(folders.models, 'f5-tts-v1')
  const vocoder = join(folders.models, 'vocos-mel-24khz')
  const voices = resolve(engine.voices ?? 'voices')
  const { model = join(f5, 'model_1250000.safetensors'), port = 8103, device = 'cuda' } = engine
  const options = {
    host: '127.0.0.1',
    port,
    'served-name': 'f5',
    device,
    model,
    vocoder,
    vocab: join(f5, 'vocab.txt'),
    voices,
  }
  return {
    port,
    servedName: 'f5',
    command: [join(folders.venv, 'bin', 'python'), join(WORKERS, 'f5_tts_worker.py'), ...flags(options)],
    environment: OFFLINE,
    needs: {
      ...needsOf('f5-tts', folders, [
        { ...F5_MODEL, folder: f5 },
        { ...VOCOS_MODEL, folder: vocoder },
      ]),
      voices,
    },
    vramReserveGib: device === 'cpu' ? 0 : 2,
    startTimeoutMs: 60_000,
  }
}

function flags(options: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
}

/** CTranslate2 looks for CUDA's libraries where the system has them, not where pip puts them. */
function cudaLibraries(venv: string): Record<string, string> {
  const folders = globSync(join(venv, 'lib/python3*/site-packages/nvidia/*/lib'))
  return folders.length > 0 ? { LD_LIBRARY_PATH: folders.join(':') } : {}
}

/** owner/name */
const REPO = /^[\w.-]+\/[\w.-]+$/

/** The workers never download while callers wait: their weights are put in place before. */
const OFFLINE = { HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1' }
