// The page in a real browser, before a real edge and a real node with the embedded engines: built from the sources as they
// are, signed in as a user signs in. A browser's microphone plays a recording from the moment at which it is opened.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { build } from 'vite'
import { vi } from 'vitest'
import { SCOPES, type Scope } from '#shared/model/caller.ts'
import type { Store } from '#edge/store/store.ts'
import { readEdgeConfig } from '#edge/runtime/node/config.ts'
import { startEdge } from '#edge/runtime/node/start-edge.ts'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'
import { chooseEngines } from '#gpu-node/engines/choose-engines.ts'
import type { Engines } from '#gpu-node/engines/ports.ts'
import { startNode } from '#gpu-node/start-node.ts'
import { createTurnRunner } from '#gpu-node/turn/turn-runner.ts'
import { newId, type ConversationId } from '#shared/ids.ts'
import { silentLog } from '#shared/log.ts'
import type { Conversation } from '#shared/model/conversation.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { findChromium } from '#tests/tooling/machine.ts'
import { installProbe } from './sound-probe.ts'

/** A page that does nothing for so long has failed. A busy machine needs some of it. */
export const PATIENCE_MS = 15_000
/** Pages are closed one after the other, and the slot of each is free only some seconds later. */
const SLOTS = '8'

export interface WebWorld {
  url: string
  store: Store
  startNode(): Promise<void>
  /** The address that signs one browser in, once. */
  signInUrl(base?: string): Promise<string>
  launch(microphoneWav?: string): Promise<Browser>
  /** A page in a context of its own. `base`: what stands between it and the edge. `scopes`: what it may do; everything without it. */
  open(browser: Browser, options?: BrowserContextOptions & { base?: string; scopes?: Scope[] }): Promise<Page>
  /** Ends the page's call and closes it. */
  leave(page: Page): Promise<void>
  /** The turns of this page's conversation in the database, once there are so many. */
  storedTurns(page: Page, count: number): Promise<TurnRecord[]>
  /** A stored conversation with these turns. */
  storeConversation(turns: TurnRecord[]): Promise<ConversationId>
  /** Errors that pages logged or threw: broken rules of the content policy among them. */
  complaints: string[]
  /** A file in the world's folder. */
  keep(name: string, bytes: Uint8Array): string
  close(): Promise<void>
}

/** `engines`: what the node is to have instead of the embedded ones. */
export async function startWebWorld({ engines = (embedded: Engines): Engines => embedded } = {}): Promise<WebWorld> {
  const dir = mkdtempSync(join(tmpdir(), 'parley-web-'))
  const dist = join(dir, 'dist')
  await build({ configFile: 'vite.config.ts', build: { outDir: dist }, logLevel: 'error' })
  const edge = await startEdge(readEdgeConfig({ PORT: '0', DATA_DIR: dir }), { log: silentLog, dist })
  const { url, store } = edge
  // Pages are opened faster than a person signs in.
  const limits = { rateFactor: 100, sessions: 100 }
  const newKey = async (scopes: Scope[]): Promise<string> =>
    (await store.keys.createKey({ name: 'web', scopes, limits, now: Date.now() })).key
  const ownKey = await newKey([...SCOPES])
  const authorization = `Bearer ${ownKey}`
  const stops: (() => Promise<void>)[] = [() => edge.close()]
  const complaints: string[] = []

  async function startOwnNode(): Promise<void> {
    const { token } = await store.nodes.addNode({ name: 'web', now: Date.now() })
    const settings = { EDGE_URL: url, NODE_TOKEN: token, DATA_DIR: dir, SLOTS }
    const node = await startNode(readNodeConfig(settings), {
      log: silentLog,
      chooseEngines: async (...given) => {
        const chosen = await chooseEngines(...given)
        return { ...chosen, engines: engines(chosen.engines) }
      },
      createTurns: createTurnRunner,
    })
    stops.push(() => node.close(AbortSignal.abort('shutdown')))
    await node.ready
  }

  async function signInUrl(base = url, scopes?: Scope[]): Promise<string> {
    const headers = { authorization: scopes === undefined ? authorization : `Bearer ${await newKey(scopes)}` }
    const answer = await fetch(`${url}/api/sign-in/codes`, { method: 'POST', headers })
    return `${base}/#code=${((await answer.json()) as { code: string }).code}`
  }

  return {
    url,
    store,
    complaints,
    startNode: startOwnNode,
    signInUrl,
    async launch(wav) {
      const browser = await launchChromium(wav)
      stops.push(() => browser.close())
      return browser
    },
    async open(browser, { base, scopes, ...options } = {}) {
      const context = await browser.newContext({ permissions: ['microphone'], ...options })
      context.setDefaultTimeout(PATIENCE_MS)
      const page = await context.newPage()
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()))
      await page.addInitScript(installProbe)
      await page.goto(await signInUrl(base, scopes))
      await page.getByRole('button', { name: 'Talk' }).waitFor()
      return page
    },
    async leave(page) {
      // Closing a tab does not always run what a page does when it goes away; leaving for another one does.
      // What a browser says of a page without an icon is no complaint of ours.
      page.removeAllListeners()
      await page.goto(`${url}/health`)
      await page.context().close()
    },
    async storedTurns(page, count) {
      return vi.waitUntil(
        async () => {
          const id = await page.evaluate(() => sessionStorage.getItem('parley.conversation'))
          const answer = await fetch(`${url}/api/conversations/${id}`, { headers: { authorization } })
          if (!answer.ok) return false
          const { turns } = (await answer.json()) as Conversation
          return turns.length >= count && turns
        },
        { timeout: PATIENCE_MS },
      )
    },
    async storeConversation(turns) {
      const caller = await store.keys.callerByKey(ownKey, Date.now())
      if (caller === undefined) throw new Error('the world has lost its key')
      const session = { sessionId: newId('session'), userId: caller.userId, now: Date.now() }
      const opening = { ...session, conversationId: undefined, personaId: 'per_default' } as const
      const { conversationId } = await store.sessions.openSession(opening)
      for (const record of turns) await store.turns.storeTurn({ ...session, conversationId, record })
      await store.sessions.ended({ ...session, reason: 'caller', lastTurn: turns.length })
      return conversationId
    },
    keep(name, bytes) {
      const path = join(dir, name)
      writeFileSync(path, bytes)
      return path
    },
    async close() {
      for (const stop of stops.toReversed()) await stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function launchChromium(wav: string | undefined): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    args: [
      // Containers and root have no user namespaces for its sandbox.
      '--no-sandbox',
      '--use-fake-device-for-media-stream',
      ...(wav === undefined ? [] : [`--use-file-for-fake-audio-capture=${wav}%noloop`]),
      // A browser asks its maker for updates; here nothing leaves the machine.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  })
}
