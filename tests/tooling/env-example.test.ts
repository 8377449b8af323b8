// .env.example against the sources.
import { describe, expect, it } from 'vitest'
import { checkEnvExample } from './env-example.ts'

const example = (text: string) => ({ path: '.env.example', text })
const source = (path: string, text: string) => ({ path, text })
const said = (...files: Parameters<typeof checkEnvExample>[0]) =>
  checkEnvExample(files).map(({ file, what }) => `${file} ${what}`)

describe('env-example', () => {
  it('[CHK8] what is listed and read agrees, whether set, commented out or a key of a schema', () => {
    const config = source('gpu-node/config.ts', 'const Env = v.object({\n  EDGE_URL: v.string(),\n})\n')
    const main = source('edge/cli/main.ts', "const port = process.env['PORT'] ?? env.HOME\n")
    expect(said(example('PORT=8787\n#EDGE_URL=\n'), config, main)).toEqual([])
  })

  it('[CHK8] a variable that is read and not listed is found, and one that is listed and not read', () => {
    const main = source('edge/cli/main.ts', "const url = env['LLM_URL']\n")
    expect(said(example('# the port\n#PORT=8787\n'), main)).toEqual([
      'edge/cli/main.ts reads LLM_URL, which .env.example does not list',
      '.env.example lists PORT, which nothing reads',
    ])
  })

  it('[CHK8] a capital name elsewhere is no variable', () => {
    expect(said(example(''), source('shared/fault.ts', 'const A = { MAX_BYTES: 1 }\n'))).toEqual([])
  })
})
