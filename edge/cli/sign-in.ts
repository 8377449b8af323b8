// `parley sign-in`: an address that signs one browser in at a running edge, once.
import { defineCommand } from 'citty'
import { loadDotEnv } from '#shared/on-node/config.ts'
import { findKey } from './data-folder.ts'
import { fetchSignInCode } from './edge-api.ts'

export const signIn = defineCommand({
  meta: { name: 'sign-in', description: 'An address that signs one browser in at a running edge, once' },
  args: {
    url: { type: 'string', description: 'The edge; default: PUBLIC_ORIGIN, or this machine’s' },
    key: {
      type: 'string',
      description: 'API key whose user it is; default: PARLEY_KEY, or the first key of this data folder',
    },
    data: { type: 'string', description: 'Data folder; default: DATA_DIR, or ./data' },
  },
  async run({ args }) {
    loadDotEnv()
    const { PUBLIC_ORIGIN, PORT = '8787', DATA_DIR = './data' } = process.env
    const url = (args.url ?? PUBLIC_ORIGIN ?? `http://127.0.0.1:${PORT}`).replace(/\/+$/, '')
    const code = await fetchSignInCode(url, findKey(args.key, args.data ?? DATA_DIR))
    console.log(`${url}/#code=${code}`)
    console.error('signs one browser in, once, within 10 minutes')
  },
})
