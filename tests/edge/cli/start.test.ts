// `parley start` and `parley talk` as an operator uses them: real programs, real engines, real sockets, real audio.
import { mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readWav } from '#shared/audio/wav.ts'
import { chat, json, startOpenAiServer } from '#tests/fakes/openai-server.ts'
import { parley, removeData, sayInto, startParley, type Started } from './parley.ts'

/** Two programs, two engines each, one spoken turn in real time, on a busy machine. */
const START_MS = 60_000

describe('a running Parley', () => {
  let running: Started
  const folder = mkdtempSync(join(tmpdir(), 'parley-wav-'))
  const hello = join(folder, 'hello.wav')
  const name = join(folder, 'name.wav')

  beforeAll(async () => {
    await sayInto(hello, 'Hello. How are you today?', 'rms')
    await sayInto(name, 'What is your name?', 'awb')
    running = await startParley()
  }, START_MS)
  afterAll(async () => {
    running.child.kill('SIGINT')
    await running.ended
    removeData(running.data)
    removeData(folder)
  })

  const talk = (...args: string[]): ReturnType<typeof parley> =>
    parley(['talk', '--url', running.url, '--data', running.data, ...args])

  it('[STA1] prints the address that signs in, the turn that proves the loop, and ready', () => {
    expect(running.output).toMatch(new RegExp(`^open ${running.url}/#code=[\\w-]{40,}`, 'm'))
    expect(running.output).toMatch(/^ {2}transcript: what is your name$/m)
    expect(running.output).toMatch(/^ {2}reply: .*name.*Parley/m)
    expect(running.output).toMatch(/voiceToVoice \d+ ms/)
    expect(running.output).toMatch(/engines: .*stt pocketsphinx@\S+ \(demonstration\)/)
    expect(running.output).toMatch(/^ready http/m)
  })

  it('[STA2] keeps its secrets for their owner only', () => {
    for (const file of ['first-key', 'node-token', 'signing-secret', 'edge.db', 'node.db'])
      expect(statSync(join(running.data, file)).mode & 0o077, file).toBe(0)
  })

  it('[TLK1] speaks several recordings as turns of one conversation and writes what was heard', async () => {
    const out = join(folder, 'reply.wav')
    const said = await talk(hello, name, '--json', '--out', out)
    const turns = said.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(said.code, said.stderr).toBe(0)
    expect(turns.map((turn) => turn.status)).toEqual(['complete', 'complete'])
    expect(new Set(turns.map((turn) => turn.conversationId)).size).toBe(1)
    expect(turns[0].transcript).toMatch(/how are you/)
    expect(turns[1].reply).toMatch(/Parley/)
    expect(turns[1].timingsMs.voiceToVoiceMs).toBeGreaterThan(0)
    const wav = readWav(readFileSync(out))
    expect(wav.sampleRate).toBe(24_000)
    expect(wav.samples.some((sample) => Math.abs(sample) > 2_000)).toBe(true)
  })

  it('[TLK2] goes on with an old conversation', async () => {
    const first = JSON.parse((await talk('--json', '--text', 'my name is Anna')).stdout)
    const second = JSON.parse(
      (await talk('--json', '--text', 'what is my name', '--continue', first.conversationId)).stdout,
    )
    expect(second.conversationId).toBe(first.conversationId)
    expect(second.reply).toMatch(/Anna/)
  })

  it('[TLK3] prints partial and final transcript, the reply and the timings for a person', async () => {
    const said = await talk(name)
    expect(said.stdout).toMatch(/^… what/m)
    expect(said.stdout).toMatch(/^you: what is your name$/m)
    expect(said.stdout).toMatch(/^reply: .*Parley/m)
    expect(said.stdout).toMatch(/^timings: .*stt \d+ ms/m)
  })

  it('[TLK4] names the file, the key or the address when it cannot talk', async () => {
    const missing = await talk(join(folder, 'no.wav'))
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringMatching(/no\.wav: cannot be read \(ENOENT\)/)])
    const refused = await talk(hello, '--key', 'pk_wrong')
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/unauthenticated/)])
    const nobody = await parley(['talk', hello, '--key', 'pk_x', '--url', 'http://127.0.0.1:1'])
    expect([nobody.code, nobody.stderr]).toEqual([
      1,
      expect.stringMatching(/no edge answers at http:\/\/127\.0\.0\.1:1/),
    ])
  })

  it('[CLI5] talk and sign-in find the edge that runs with the data folder by themselves', async () => {
    const elsewhere = { PORT: '1', PUBLIC_ORIGIN: '' }
    const said = await parley(['talk', '--data', running.data, '--text', 'hello', '--json'], elsewhere)
    expect([said.code, said.stderr]).toEqual([0, ''])
    const signedIn = await parley(['sign-in', '--data', running.data, '--json'], elsewhere)
    expect(JSON.parse(signedIn.stdout).url).toMatch(new RegExp(`^${running.url}/#code=`))
  })

  it('[STA3] says that its port is in use', async () => {
    const second = await startParley({ port: Number(new URL(running.url).port), args: ['--no-selfcheck'] })
    expect(await second.ended).not.toBe(0)
    expect(second.output).toMatch(/PORT: \d+ on 127\.0\.0\.1 is in use/)
    removeData(second.data)
  })
})

describe('the end of Parley', () => {
  it('[STA4] ends everything on Ctrl-C with code 0, leaving no process behind', { timeout: START_MS }, async () => {
    const running = await startParley({ args: ['--no-selfcheck'] })
    expect(running.programs().length).toBeGreaterThanOrEqual(2)
    running.child.kill('SIGINT')
    expect(await running.ended).toBe(0)
    expect(running.programs()).toEqual([])
    removeData(running.data)
  })

  it('[STA7] a crash of the node and its revocation leave the edge running', { timeout: 2 * START_MS }, async () => {
    const running = await startParley({ args: ['--no-selfcheck', '--json'] })
    const says = (text: RegExp) => expect.poll(() => running.output, { timeout: START_MS }).toMatch(text)
    expect(running.output).toMatch(/^\{"event":"ready","url":"http.*\}$/m)
    const isNode = (pid: number): boolean => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('gpu-node/main.ts')
    for (const pid of running.programs().filter(isNode)) process.kill(pid, 'SIGKILL')
    await says(/"the GPU node ended: signal SIGKILL; the edge goes on/)
    const health = async () => (await fetch(`${running.url}/health`)).status
    expect(await health()).toBeLessThanOrEqual(503)
    const nodes = await parley(['nodes', 'list', '--json', '--data', running.data])
    await parley(['nodes', 'revoke', JSON.parse(nodes.stdout)[0].nodeId, '--data', running.data])
    await says(/"the edge refuses the GPU node/)
    expect(await health()).toBeLessThanOrEqual(503)
    running.child.kill('SIGINT')
    expect(await running.ended).toBe(0)
    expect(running.programs()).toEqual([])
    removeData(running.data)
  })

  it('[STA5] leaves no process behind when it is itself killed', { timeout: START_MS }, async () => {
    const running = await startParley({ args: ['--no-selfcheck'] })
    running.child.kill('SIGKILL')
    await running.ended
    await expect.poll(() => running.programs(), { timeout: 20_000, interval: 50 }).toEqual([])
    removeData(running.data)
  })

  it(
    '[STA6] ends with a reason and another code than 0 when the proving turn fails',
    { timeout: START_MS },
    async () => {
      const llm = await startOpenAiServer()
      // The first answer is for the warm-up; from then on the server is broken.
      llm.script(chat('Hello.'), json({ error: { message: 'broken' } }, 500))
      const env = { LLM_URL: llm.url, LLM_MODEL: 'scripted' }
      const failed = await startParley({ env })
      expect(await failed.ended).toBe(1)
      expect(failed.output).toMatch(/the self-check failed: the turn ended as failed/)
      expect(failed.output).not.toMatch(/^ready/m)
      expect(failed.programs()).toEqual([])
      removeData(failed.data)
      await llm.stop()
    },
  )
})
