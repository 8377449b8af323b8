// The page of the examples in real Chromium: it talks through the browser's microphone, from another origin than the edge, and
// goes on after its connection was cut.
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFliteTts } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import { concatPcm } from '#shared/audio/pcm.ts'
import { writeWav } from '#shared/audio/wav.ts'
import { silentLog } from '#shared/log.ts'
import { startCutProxy } from '#tests/edge/web/cut-proxy.ts'
import { PATIENCE_MS, startWebWorld, type WebWorld } from '#tests/edge/web/web-world.ts'
import { say, silence } from '#tests/gpu-node/engines/embedded/spoken.ts'
import { findChromium } from '#tests/tooling/machine.ts'

/** The browser's device is still warming up when its recording begins. */
const LEAD_MS = 1_500
const TAIL_MS = 20_000
const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript' }

describe.skipIf(findChromium() === undefined)('the page of the examples', () => {
  let world: WebWorld
  let site: Server
  beforeAll(async () => {
    world = await startWebWorld()
    await world.startNode()
    site = await startSite(world)
  })
  afterAll(async () => {
    site?.close()
    site?.closeAllConnections()
    await world?.close()
  })

  it('[EXA8] understands a spoken question, answers it, and goes on after a cut', async () => {
    const tts = await createFliteTts({ log: silentLog, workers: 1 })
    const spoken = concatPcm([silence(LEAD_MS), await say(tts, 'Tell me a story.', 'rms'), silence(TAIL_MS)])
    const browser = await world.launch(world.keep('question.wav', writeWav(spoken, tts.sampleRate)))
    await tts.close()
    const proxy = await startCutProxy(world.url)
    const context = await browser.newContext({ permissions: ['microphone'] })
    context.setDefaultTimeout(PATIENCE_MS)
    const page = await context.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/browser.html?edge=${proxy.url}`)
    await page.getByRole('button', { name: 'Talk' }).click()
    const state = page.locator('#state')
    const said = page.locator('#said li')
    await state.getByText('ready').waitFor()
    await said.nth(1).waitFor()
    expect(await said.first().innerText()).toMatch(/^You: .*story/)
    proxy.cut()
    await state.getByText('reconnecting').waitFor()
    const before = await said.count()
    proxy.restore()
    await state.getByText('ready').waitFor()
    await expect.poll(() => said.count(), { timeout: PATIENCE_MS }).toBeGreaterThan(before)
    expect(errors).toEqual([])
    await context.close()
    await proxy.close()
  })
})

/** The page's own server, as its header describes it: files, and a ticket for who may talk. */
async function startSite({ url, store }: WebWorld): Promise<Server> {
  const { key } = await store.keys.createKey({ name: 'site', scopes: ['talk'], now: Date.now() })
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', url)
    if (pathname === '/ticket') {
      const minted = fetch(`${url}/api/tickets`, { method: 'POST', headers: { authorization: `Bearer ${key}` } })
      return void minted.then(async (answer) => response.end(await answer.text()))
    }
    const known = ['/browser.html', '/parley-client.js'].includes(pathname)
    if (!known) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': TYPES[extname(pathname)] })
    response.end(readFileSync(new URL(`.${pathname}`, import.meta.url)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
