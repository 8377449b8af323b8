// The models that presets put in place, each by its commit and the SHA-256 of its files, so that nobody else's bytes are taken for them.
// Data only; gpu-node/setup fetches and holds them against it.
import type { ModelNeed } from './needs.ts'

type KnownModel = Omit<ModelNeed, 'folder' | 'files' | 'sha256'> & { sha256: Readonly<Record<string, string>> }

const known = (model: KnownModel): Omit<ModelNeed, 'folder'> => ({ ...model, files: Object.keys(model.sha256) })

/** Whisper large-v3-turbo, as CTranslate2 reads it. */
export const WHISPER_MODEL = known({
  repo: 'mobiuslabsgmbh/faster-whisper-large-v3-turbo',
  revision: '0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf',
  licence: 'MIT',
  sha256: {
    'config.json': 'b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e',
    'model.bin': 'e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da',
    'preprocessor_config.json': '7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711',
    'tokenizer.json': '297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd',
    'vocabulary.json': 'c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1',
  },
})

/** F5-TTS v1 Base. */
export const F5_MODEL = known({
  repo: 'SWivid/F5-TTS',
  revision: '84e5a410d9cead4de2f847e7c9369a6440bdfaca',
  licence: 'CC-BY-NC-4.0: NOT for commercial use',
  sha256: {
    'F5TTS_v1_Base/model_1250000.safetensors': '670900fd14e6c458b95da6e9ed317cdb20dbaf7a1c02ac06a05475a9d32b6a38',
    'F5TTS_v1_Base/vocab.txt': '2a05f992e00af9b0bd3800a8d23e78d520dbd705284ed2eedb5f4bd29398fa3c',
  },
})

/** Makes sound of what F5-TTS computes. */
export const VOCOS_MODEL = known({
  repo: 'charactr/vocos-mel-24khz',
  revision: '0feb3fdd929bcd6649e0e7c5a688cf7dd012ef21',
  licence: 'MIT',
  sha256: {
    'config.yaml': 'da9033922f969a47f0c160010226919e59f27761fd5066f3828d46de6650b0fc',
    'pytorch_model.bin': '97ec976ad1fd67a33ab2682d29c0ac7df85234fae875aefcc5fb215681a91b2a',
  },
})
