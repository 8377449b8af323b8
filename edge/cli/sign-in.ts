// `parley sign-in`: an address that signs one browser in at a running edge, once.
import { defineCommand } from 'citty'
import { loadDotEnv } from '#shared/on-node/config.ts'
import { dataFolder, dataOption, findKey, keyOption } from './data-folder.ts'
import { edgeOption, fetchSignInCode, findEdge } from './edge-api.ts'
import { jsonOption, print } from './print.ts'

export const signIn = defineCommand({
  meta: { name: 'sign-in', description: 'An address that signs one browser in at a running edge, once' },
  args: { url: edgeOption, key: keyOption, data: dataOption, json: jsonOption },
  async run({ args }) {
    loadDotEnv()
    const data = dataFolder(args.data)
    const url = await findEdge({ url: args.url, data })
    const code = await fetchSignInCode(url, findKey(args.key, data))
    // Where a proxy stands before the edge, a page of any other address is a foreign one.
    const address = `${args.url === undefined ? process.env['PUBLIC_ORIGIN'] || url : url}/#code=${code}`
    print(args.json, { url: address }, address)
    console.error('signs one browser in, once, within 10 minutes')
  },
})
