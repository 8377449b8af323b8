// The page with a microphone: recordings spoken by another voice than the persona's go through the browser's real audio path.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFliteTts } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import type { Tts } from '#gpu-node/engines/ports.ts'
import { concatPcm } from '#shared/audio/pcm.ts'
import { writeWav } from '#shared/audio/wav.ts'
import { silentLog } from '#shared/log.ts'
import { say, silence } from '#tests/gpu-node/engines/embedded/spoken.ts'
import { findChromium } from '#tests/tooling/machine.ts'
import { gaps, untilAudible } from './sound-probe.ts'
import { startWebWorld, type WebWorld } from './web-world.ts'

const VOICE = 'rms'
/** The browser's device is still warming up when its recording begins. */
const LEAD_MS = 700
const TAIL_MS = 20_000
/** Longer than a busy machine takes to press a button. */
const ENDLESS =
  'What is your name and how do you like it here with all of us and with the water and the trees and the people who live ' +
  'in the house near the river and who go to the town each day and who come home at night from the mountain'

describe.skipIf(findChromium() === undefined)('the page and a voice', () => {
  let world: WebWorld
  let tts: Tts
  beforeAll(async () => {
    world = await startWebWorld()
    tts = await createFliteTts({ log: silentLog, workers: 1 })
    await world.startNode()
  })
  afterAll(async () => {
    await tts?.close()
    await world?.close()
  })

  /** A page whose microphone says this. */
  async function openSpeaking(name: string, words: string): Promise<Page> {
    const pcm = concatPcm([silence(LEAD_MS), await say(tts, words, VOICE), silence(TAIL_MS)])
    const wav = writeWav(pcm, tts.sampleRate)
    return world.open(await world.launch(world.keep(name, wav)))
  }
  const talk = (page: Page) => page.getByRole('button', { name: 'Talk', exact: true }).click()

  const caller = (page: Page) => page.locator('.said.caller:not(.partial)')
  const persona = (page: Page) => page.locator('.said.persona:not(.dots)')

  it('[WEB5] shows the words while they are spoken, then the answer, and sounds it without a seam', async () => {
    const page = await openSpeaking('question.wav', 'What time is it?')
    await talk(page)
    // How well the words are recognised is held by the engine's own test.
    await caller(page)
      .getByText(/what|time|it/)
      .waitFor()
    expect(await page.evaluate(() => window.probe.partials)).not.toEqual([])
    await persona(page).waitFor()
    await untilAudible(page)
    await page.locator('.mode').getByText('Listening').waitFor()
    expect((await gaps(page)).filter((gap) => Math.abs(gap) > 1e-6)).toEqual([])
    const [turn] = await world.storedTurns(page, 1)
    expect(turn).toMatchObject({ source: 'speech', status: 'complete' })
    expect(turn?.heardText).toBe(turn?.replyText)
    await world.leave(page)
  })

  it('[WEB6] stops a reply into which the caller speaks, and answers what he said', async () => {
    const page = await openSpeaking('barge-in.wav', 'What is your name?')
    await page.getByLabel('Write a message').fill('Tell me a story.')
    await page.keyboard.press('Enter')
    await untilAudible(page)
    await talk(page)
    await page.locator('s.unheard').waitFor()
    await persona(page).nth(1).waitFor()
    expect(await page.evaluate(() => window.probe.pauses)).toBeGreaterThan(0)
    const [story] = await world.storedTurns(page, 1)
    expect(story?.status).toBe('interrupted')
    expect(story?.heardText).not.toBe('')
    expect(await persona(page).first().textContent()).toContain(story?.heardText)
    await world.leave(page)
  })

  it('[WEB7] answers what was said until the microphone is closed in the middle of it', async () => {
    const page = await openSpeaking('cut-off.wav', ENDLESS)
    await talk(page)
    await page.locator('.said.caller.partial').getByText(/\w \w/).waitFor()
    await page.getByRole('button', { name: 'Stop talking' }).click()
    await persona(page).waitFor()
    expect(await caller(page).innerText()).not.toContain('mountain')
    await world.leave(page)
  })
})
