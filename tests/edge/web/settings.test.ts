// The page's settings, in real Chromium: what they send on the wire, and which of them outlive a reload.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloningTts } from '#tests/fakes/cloning-tts.ts'
import { findChromium } from '#tests/tooling/machine.ts'
import { PATIENCE_MS, startWebWorld, type WebWorld } from './web-world.ts'

type Message = { type: string } & Record<string, unknown>

describe.skipIf(findChromium() === undefined)('settings', () => {
  let world: WebWorld
  let browser: Browser
  beforeAll(async () => {
    world = await startWebWorld({ engines: (embedded) => ({ ...embedded, tts: cloningTts(embedded.tts) }) })
    browser = await world.launch()
    await world.startNode()
  })
  afterAll(() => world?.close())

  const write = async (page: Page, text: string): Promise<void> => {
    await page.getByLabel('Write a message').fill(text)
    await page.keyboard.press('Enter')
  }
  const replied = (page: Page) => page.locator('.said.persona:not(.dots)').waitFor()
  const conversation = (page: Page) => page.evaluate(() => sessionStorage.getItem('parley.conversation'))

  /** The messages of the page's calls, as they cross the wire. */
  function wire(page: Page) {
    const sent: Message[] = []
    const received: Message[] = []
    const into = (list: Message[]) => (frame: { payload: string | Buffer }) => {
      if (typeof frame.payload === 'string') list.push(JSON.parse(frame.payload) as Message)
    }
    page.on('websocket', (socket) => socket.on('framesent', into(sent)).on('framereceived', into(received)))
    return {
      last: (list: 'sent' | 'received', type: string) =>
        (list === 'sent' ? sent : received).findLast((m) => m.type === type),
      sent,
    }
  }

  it('[WEB17] another persona begins another conversation, and stays chosen after a reload', async () => {
    const page = await world.open(browser)
    const { last } = wire(page)
    await write(page, 'What is your name?')
    await replied(page)
    const before = await conversation(page)
    expect(last('sent', 'session.start')).not.toHaveProperty('personaId')

    await page.getByRole('button', { name: 'Settings' }).click()
    const [other] = (await world.store.personas.listPersonas()).filter(
      ({ id }) => id !== last('received', 'session.ready')?.['personaId'],
    )
    await page.getByLabel('Talk to').selectOption(other?.id ?? '')
    expect(await page.locator('.said').count()).toBe(0)
    await page.reload()
    await page.getByRole('button', { name: 'Settings' }).click()
    await expect.poll(() => page.getByLabel('Talk to').inputValue(), { timeout: PATIENCE_MS }).toBe(other?.id)
    await write(page, 'What is your name?')
    await replied(page)
    expect(last('received', 'session.ready')).toMatchObject({ personaId: other?.id, personaName: other?.name })
    expect(await conversation(page)).not.toBe(before)
    await world.leave(page)
  })

  it('[WEB18] how the voice is to sound holds for the call that is open and for the next', async () => {
    const page = await world.open(browser)
    const { last } = wire(page)
    await write(page, 'What is your name?')
    await replied(page)
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByLabel('The voice').selectOption('hq')
    await expect
      .poll(() => last('received', 'session.updated'), { timeout: PATIENCE_MS })
      .toMatchObject({ ttsMode: 'hq' })
    await page.reload()
    await write(page, 'What is your name?')
    await expect.poll(() => last('sent', 'session.start'), { timeout: PATIENCE_MS }).toMatchObject({ ttsMode: 'hq' })
    await world.leave(page)
  })

  it('[WEB19] speaking like the caller begins with his consent, ends with it, and a reload forgets it', async () => {
    const page = await world.open(browser)
    const { last, sent } = wire(page)
    await page.getByRole('button', { name: 'Settings' }).click()
    const likeMe = page.getByLabel(/Speak like me/)
    await likeMe.check()
    expect(sent).toEqual([])
    await write(page, 'What is your name?')
    const voice = () => last('received', 'session.updated')?.['voice']
    await expect.poll(voice, { timeout: PATIENCE_MS }).toEqual({ source: 'caller' })
    expect(last('sent', 'session.update')).toMatchObject({ voice: { source: 'caller', consent: true } })
    await likeMe.uncheck()
    await expect.poll(voice, { timeout: PATIENCE_MS }).toEqual({ source: 'persona' })
    await likeMe.check()
    await page.reload()
    await page.getByRole('button', { name: 'Settings' }).click()
    expect(await likeMe.isChecked()).toBe(false)
    await world.leave(page)
  })

  it('[WEB15] the settings break no rule of the content policy', () => {
    expect(world.complaints).toEqual([])
  })
})
