// The page with a microphone: recordings spoken by another voice than the persona's go through the browser's real audio path.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFliteTts } from '#gpu-node/engines/flite-tts.ts'
import type { Tts } from '#gpu-node/engines/ports.ts'
import { concatPcm } from '#shared/audio/pcm.ts'
import { writeWav } from '#shared/audio/wav.ts'
import { silentLog } from '#shared/log.ts'
import { say, silence } from '#tests/engines/spoken.ts'
import { findChromium } from '#tests/tooling/machine.ts'
import { gaps, untilAudible } from './sound-probe.ts'
import { startWebWorld, type WebWorld } from './web-world.ts'

const VOICE = 'rms'
/** The browser's device is still warming up when its recording begins. */
const LEAD_MS = 700
const TAIL_MS = 20_000
/** Long enough for the story to sound, short enough to come before its end. */
const STORY_HEARD_MS = 3_000
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
  async function openSpeaking(name: string, parts: Int16Array[]): Promise<Page> {
    const wav = writeWav(concatPcm([silence(LEAD_MS), ...parts, silence(TAIL_MS)]), tts.sampleRate)
    return world.open(await world.launch(world.keep(name, wav)))
  }
  const talk = (page: Page) => page.getByRole('button', { name: 'Talk', exact: true }).click()

  it('[WEB5] shows the words while they are spoken, then the answer, and sounds it without a seam', async () => {
    const page = await openSpeaking('question.wav', [await say(tts, 'What time is it?', VOICE)])
    await talk(page)
    await page.locator('.said.caller.partial').waitFor()
    await page.locator('.said.caller:not(.partial)').getByText('time').waitFor()
    await page.locator('.said.persona').getByText('It is').waitFor()
    await untilAudible(page)
    await page.locator('.mode').getByText('Listening').waitFor()
    expect((await gaps(page)).filter((gap) => Math.abs(gap) > 1e-6)).toEqual([])
    const [turn] = await world.storedTurns(page, 1)
    expect(turn).toMatchObject({ source: 'speech', status: 'complete' })
    expect(turn?.heardText).toBe(turn?.replyText)
    await world.leave(page)
  })

  it('[WEB6] stops a reply into which the caller speaks, and answers what he said', async () => {
    const page = await openSpeaking('barge-in.wav', [
      await say(tts, 'Please tell me a long story.', VOICE),
      silence(STORY_HEARD_MS),
      await say(tts, 'What is your name?', VOICE),
    ])
    await talk(page)
    await untilAudible(page)
    await page.locator('s.unheard').waitFor()
    await page.locator('.said.persona').nth(1).getByText('Parley').waitFor()
    expect(await page.evaluate(() => window.probe.pauses)).toBeGreaterThan(0)
    const [story] = await world.storedTurns(page, 1)
    expect(story?.status).toBe('interrupted')
    expect(story?.heardText).not.toBe('')
    expect(await page.locator('.said.persona').first().textContent()).toContain(story?.heardText)
    await world.leave(page)
  })

  it('[WEB7] answers what was said until the microphone is closed in the middle of it', async () => {
    const page = await openSpeaking('cut-off.wav', [await say(tts, ENDLESS, VOICE)])
    await talk(page)
    await page.locator('.said.caller.partial').getByText('name').waitFor()
    await page.getByRole('button', { name: 'Stop talking' }).click()
    await page.locator('.said.caller:not(.partial)').waitFor()
    await page.locator('.said.persona:not(.dots)').waitFor()
    expect(await page.locator('.said.caller').innerText()).not.toContain('mountain')
    await world.leave(page)
  })
})
