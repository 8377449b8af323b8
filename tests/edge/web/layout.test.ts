// Where the page puts things, measured in real Chromium: the talk button and the write box stay on the screen, however much
// was said and whatever is open, and only the conversation scrolls.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConversationId } from '#shared/ids.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import { findChromium } from '#tests/tooling/machine.ts'
import { startWebWorld, type WebWorld } from './web-world.ts'

const SIZES = [
  { width: 320, height: 568 },
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
  { width: 2560, height: 1440 },
]
const TURNS = [0, 5, 50]
/** A folder for a screenshot of each state, light and dark, for people to look at; none without it. */
const SCREENSHOTS = process.env['PAGE_SCREENSHOTS']

const UTTERANCES = ['What is the capital of France, and how do I get there by train?', '你叫什么名字？', 'Thank you.']
const REPLIES = [
  'Paris. From the coast take the early train: it leaves at six and arrives before noon, and the seats on the left see the sea.',
  '我叫小明，很高兴认识你。今天天气很好，我们可以聊聊你想去的地方。',
  'You are welcome.',
]

interface Facts {
  /** How far the document could be scrolled. */
  scrolls: { x: number; y: number }
  /** Names of the controls that are not wholly inside the viewport. */
  outside: string[]
  /** Names of the controls that something else lies upon. */
  covered: string[]
  /** The newest words are in sight, where there are any and Settings do not stand in their place. */
  showsEnd: boolean
}

/** Runs in the page. */
function measure(): Facts {
  const root = document.documentElement
  root.scrollTo(0, 1_000_000)
  const controls = [
    ...document.querySelectorAll<HTMLElement>('.talk, .round, .write, .write input, .write button, .gear'),
  ]
  const nameOf = (control: HTMLElement): string => control.className || control.tagName.toLowerCase()
  const boxes = controls.map((control) => ({ control, box: control.getBoundingClientRect() }))
  const isInside = ({ left, top, right, bottom }: DOMRect): boolean =>
    left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight
  const isCovered = ({ left, top, width, height }: DOMRect, control: HTMLElement): boolean => {
    const topmost = document.elementFromPoint(left + width / 2, top + height / 2)
    return topmost === null || !control.contains(topmost)
  }
  const last = [...document.querySelectorAll('.said')].at(-1)?.getBoundingClientRect()
  const view = document.querySelector('.transcript')?.getBoundingClientRect()
  return {
    scrolls: { x: root.scrollWidth - innerWidth, y: Math.max(root.scrollTop, root.scrollHeight - innerHeight) },
    outside: boxes.filter(({ box }) => !isInside(box)).map(({ control }) => nameOf(control)),
    covered: boxes.filter(({ control, box }) => isCovered(box, control)).map(({ control }) => nameOf(control)),
    showsEnd: !last || !view || view.height === 0 || (last.bottom <= view.bottom + 1 && last.bottom > view.top),
  }
}

const IN_PLACE: Facts = { scrolls: { x: 0, y: 0 }, outside: [], covered: [], showsEnd: true }

describe.skipIf(findChromium() === undefined)('the layout of the page', () => {
  let world: WebWorld
  let browser: Browser
  const conversations = new Map<number, ConversationId>()
  beforeAll(async () => {
    world = await startWebWorld()
    browser = await world.launch()
    for (const count of TURNS.filter((turns) => turns > 0)) {
      const turns = Array.from({ length: count }, (_, i) =>
        turnRecord({
          turn: i + 1,
          startedAt: 1_700_000_000_000 + i * 60_000,
          utteranceText: UTTERANCES[i % 3] ?? '',
          replyText: REPLIES[i % 3] ?? '',
          heardText: i === count - 2 ? (REPLIES[i % 3] ?? '').slice(0, 6) : (REPLIES[i % 3] ?? ''),
          status: i === count - 2 ? 'interrupted' : 'complete',
        }),
      )
      conversations.set(count, await world.storeConversation(turns))
    }
  })
  afterAll(() => world?.close())

  /** A page that shows the conversation with so many turns. */
  async function open(size: (typeof SIZES)[number], turns: number): Promise<Page> {
    const page = await world.open(browser, { viewport: size })
    const id = conversations.get(turns)
    if (id === undefined) return page
    await page.evaluate((kept) => sessionStorage.setItem('parley.conversation', kept), id)
    await page.reload()
    await page
      .locator('.said')
      .nth(turns * 2 - 1)
      .waitFor()
    return page
  }

  async function draw(page: Page, name: string): Promise<void> {
    if (SCREENSHOTS === undefined) return
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.screenshot({ path: `${SCREENSHOTS}/${name}-${colorScheme}.png` })
    }
  }

  for (const size of SIZES) {
    const name = `${size.width}×${size.height}`
    for (const turns of TURNS) {
      it(`[WEB21] at ${name} with ${turns} turns, button and box stay on the screen, Settings open or not`, async () => {
        const page = await open(size, turns)
        await draw(page, `${name}-${turns}`)
        expect(await page.evaluate(measure)).toEqual(IN_PLACE)
        await page.getByRole('button', { name: 'Settings' }).click()
        await draw(page, `${name}-${turns}-settings`)
        await expect.poll(() => page.evaluate(measure)).toEqual(IN_PLACE)
        await page.getByText('My voices').click()
        await draw(page, `${name}-${turns}-voices`)
        await expect.poll(() => page.evaluate(measure)).toEqual(IN_PLACE)
        await page.getByRole('button', { name: 'Close the settings' }).click()
        await expect.poll(() => page.evaluate(measure)).toEqual(IN_PLACE)
        await world.leave(page)
      })
    }
  }

  it('[WEB21] a banner and the names of the engines leave button and box where they are, too', async () => {
    await world.startNode()
    const page = await open({ width: 320, height: 568 }, 0)
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByLabel(/Speak like me/).check()
    await page.getByLabel('Write a message').fill('What time is it?')
    await page.keyboard.press('Enter')
    await page.locator('.banner').waitFor()
    await page.locator('.fine').waitFor()
    await draw(page, 'low-banner-settings')
    await expect.poll(() => page.evaluate(measure)).toEqual(IN_PLACE)
    await page.getByRole('button', { name: 'Close the settings' }).click()
    await page.locator('.said.persona:not(.dots)').waitFor()
    await draw(page, 'low-banner')
    await expect.poll(() => page.evaluate(measure)).toEqual(IN_PLACE)
    await world.leave(page)
  })
})
