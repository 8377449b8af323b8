// Voices of the caller's own, in real Chromium with a real node: added with consent, heard, answered in, deleted.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { voiceStateText } from '#edge/web/voice-text.ts'
import { createFliteTts } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import type { RecordedText } from '#gpu-node/engines/ports.ts'
import { writeWav } from '#shared/audio/wav.ts'
import { silentLog } from '#shared/log.ts'
import { VoiceRejection, VoiceWarning, type VoiceQuality } from '#shared/model/voice-profile.ts'
import { cloningTts } from '#tests/fakes/cloning-tts.ts'
import { say } from '#tests/gpu-node/engines/embedded/spoken.ts'
import { findChromium } from '#tests/tooling/machine.ts'
import { PATIENCE_MS, startWebWorld, type WebWorld } from './web-world.ts'

const WORDS = 'what is your name my name is anna tell me a story about the sea please'

describe('what is said of a voice', () => {
  it('[WEB20] each state, reason and warning has words', () => {
    const of = (state: 'uploaded' | 'checking' | 'ready', warnings: VoiceWarning[] = []) =>
      voiceStateText({ state, reason: null, quality: { warnings } as unknown as VoiceQuality })
    expect([of('uploaded'), of('checking'), of('ready')]).toEqual([
      'waits for a GPU node',
      'is being prepared …',
      'ready',
    ])
    expect(of('ready', ['short', 'noisy'])).toBe('ready, short, a little noisy')
    const reasons = VoiceRejection.options.map((reason) => voiceStateText({ state: 'rejected', reason, quality: null }))
    expect(new Set(reasons).size).toBe(reasons.length)
    for (const text of reasons) expect(text).toMatch(/^cannot be used: [a-z ,;]+/i)
    for (const warning of VoiceWarning.options) expect(of('ready', [warning])).toMatch(/^ready, [a-z ]+$/)
  })
})

describe.skipIf(findChromium() === undefined)('voices of the caller’s own', () => {
  let world: WebWorld
  let browser: Browser
  let recording: string
  const references: (RecordedText | undefined)[] = []
  beforeAll(async () => {
    world = await startWebWorld({
      engines: (embedded) => ({
        ...embedded,
        tts: cloningTts(embedded.tts, ({ reference }) => references.push(reference)),
      }),
    })
    browser = await world.launch()
    await world.startNode()
    const flite = await createFliteTts({ log: silentLog })
    recording = world.keep('anna.wav', writeWav(await say(flite, WORDS, 'slt'), flite.sampleRate))
    await flite.close()
  })
  afterAll(() => world?.close())

  async function openVoices(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByText('My voices').click()
  }
  async function add(page: Page, file: string, name: string): Promise<void> {
    await page.getByLabel(/^Recording/).setInputFiles(file)
    await page.getByLabel('Name').fill(name)
    await page.getByLabel(/has agreed that it is imitated/).check()
    await page.getByRole('button', { name: 'Add this voice' }).click()
  }
  const listed = (page: Page, name: string) => page.locator('.voices li', { hasText: name })
  const write = async (page: Page, text: string): Promise<void> => {
    await page.getByLabel('Write a message').fill(text)
    await page.keyboard.press('Enter')
  }

  it('[WEB20] one is added with its consent, heard, answered in from the next words on, and deleted', async () => {
    const page = await world.open(browser)
    const starts: string[] = []
    page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => {
        if (typeof payload === 'string' && payload.includes('session.start')) starts.push(payload)
      }),
    )
    await openVoices(page)
    await add(page, recording, 'Anna')
    await listed(page, 'Anna').getByText('ready').waitFor()
    const [stored] = await world.store.voices.listVoices('everybody', { limit: 1 })
    expect(stored).toMatchObject({ name: 'Anna', consent: expect.stringContaining('has agreed') })

    const previewed = page.waitForResponse(/preview$/)
    await page.getByRole('button', { name: 'Hear Anna' }).click()
    expect((await previewed).status()).toBe(200)
    const seconds = () => page.evaluate(() => window.probe.buffers.at(-1)?.seconds ?? 0)
    await expect.poll(seconds, { timeout: PATIENCE_MS }).toBeGreaterThan(1)
    await expect.poll(() => references.at(-1)?.hash).toBe(stored?.preparedSha256)
    expect(await page.locator('.voices p').innerText()).toBe('')

    await page.getByLabel('Whose voice').selectOption({ label: 'Anna' })
    await page.reload()
    references.length = 0
    await write(page, 'What is your name?')
    await page.locator('.said.persona:not(.dots)').waitFor()
    expect(JSON.parse(starts.at(-1) ?? '{}')).toMatchObject({ voiceProfileId: stored?.id })
    await expect.poll(() => references.at(-1)?.hash, { timeout: PATIENCE_MS }).toBe(stored?.preparedSha256)

    await openVoices(page)
    await page.getByLabel('Whose voice').selectOption({ label: 'the persona’s' })
    await page.getByText('From the next words on').waitFor()
    await page.getByRole('button', { name: 'Delete Anna' }).click()
    await listed(page, 'Anna').waitFor({ state: 'detached' })
    expect(await world.store.voices.listVoices('everybody', { limit: 1 })).toEqual([])
    await world.leave(page)
  })

  it('[WEB20] the reason why one cannot be used is said, and what the edge refuses is told in its words', async () => {
    const page = await world.open(browser, { viewport: { width: 360, height: 740 } })
    await openVoices(page)
    const tooWide = () => page.locator('#settings').evaluate((panel) => panel.scrollWidth - panel.clientWidth)
    expect(await tooWide()).toBe(0)
    await add(page, 'tests/fixtures/recordings/speech.flac', 'Short')
    await listed(page, 'Short').getByText('say at least three seconds').waitFor()
    await add(page, 'tests/fixtures/recordings/speech.flac', 'The same')
    await page.getByText('You have this recording already.').waitFor()
    await add(page, world.keep('notes.mp3', Buffer.from('no sound at all '.repeat(100))), 'Notes')
    await page.getByText(/file: /).waitFor()
    expect(await listed(page, 'Notes').count()).toBe(0)
    world.complaints.length = 0
    await world.leave(page)
  })

  it('[WEB20] without consent nothing is sent, and whoever may have no voices is offered none', async () => {
    const page = await world.open(browser)
    const uploads: string[] = []
    page.on('request', (request) => request.method() === 'POST' && uploads.push(request.url()))
    await openVoices(page)
    await page.getByLabel(/^Recording/).setInputFiles(recording)
    await page.getByLabel('Name').fill('Anna')
    await page.getByRole('button', { name: 'Add this voice' }).click()
    expect(await page.getByLabel(/has agreed/).evaluate((box: HTMLInputElement) => box.matches(':invalid'))).toBe(true)
    expect(uploads).toEqual([])
    await world.leave(page)

    const other = await world.open(browser, { scopes: ['talk'] })
    await other.getByRole('button', { name: 'Settings' }).click()
    await other.getByLabel('Talk to').waitFor()
    expect(await other.getByText('My voices').count()).toBe(0)
    world.complaints.length = 0
    await world.leave(other)
  })
})
