import { fileURLToPath } from 'node:url'

import { type Browser, chromium, type Page } from 'playwright'
import { build, defaultClientConditions } from 'vite'
import { afterAll, expect, type TestContext } from 'vitest'

import { findChromium, flags } from '../../../../scripts/chromium.ts'
import { type MediaServer, serveMedia } from './media-server.ts'
import type { Gap, MediaPage, PlayerOptions, Seen } from './page.ts'

type Script = typeof globalThis & { media: MediaPage }

/** One player in a page of a real browser. */
export interface Player {
  readonly id: number
  seen(): Promise<Seen>
  /** Plays as if a person had pressed a button of the page. */
  play(): Promise<void>
  /** Evaluates a function of the element, given as its text. */
  run(code: string): Promise<unknown>
  /** Resolves at its next event of a type, once what makes that happen has been done. */
  next(type: string, make: () => Promise<unknown>): Promise<void>
  /** Resolves when its position moves. */
  moves(): Promise<void>
  interruption(make: () => Promise<unknown> | undefined): Promise<Gap>
  playAll(srcs: readonly string[]): Promise<string[]>
  dispose(): Promise<void>
}

export interface PlayerPage {
  readonly page: Page
  readonly server: MediaServer
  open(options: PlayerOptions): Promise<Player>
  coldStart(src: string): Promise<number>
  /** The requests of elements, as their answers. */
  answers(path?: string): (number | string)[]
  probes(): (number | string)[]
}

let browser: Promise<Browser> | undefined
let script: Promise<string> | undefined
afterAll(async () => {
  await (await browser)?.close()
})

/** With the autoplay policy that users have. */
async function launch(): Promise<Browser> {
  const executablePath = findChromium()
  const args = flags.filter((flag) => !flag.startsWith('--autoplay-policy'))
  return chromium.launch({ ...(executablePath !== undefined && { executablePath }), args })
}

/** Opens a page of a media server of its own, in the browser of the file. */
export async function openPlayerPage(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  { path = '/', prepare }: { path?: string; prepare?: (server: MediaServer) => void } = {},
): Promise<PlayerPage> {
  const server = await serveMedia(await (script ??= bundled(fileURLToPath(new URL('page.ts', import.meta.url)))))
  prepare?.(server)
  const context = await (await (browser ??= launch())).newContext()
  const page = await context.newPage()
  const errors: Error[] = []
  page.on('pageerror', (error) => errors.push(error))
  onTestFinished(async () => {
    await context.close()
    await server.close()
    expect(errors).toEqual([])
  })
  await page.goto(server.origin + path)
  // Whatever is evaluated counts as a click.
  if (path === '/') {
    await page.waitForFunction(() => 'media' in globalThis)
    await page.evaluate(() => (globalThis as Script).media.session.ready)
  }

  return {
    page,
    server,
    async open(options) {
      const id = await page.evaluate((given) => (globalThis as Script).media.open(given), options)
      return {
        id,
        seen: () => page.evaluate((player) => (globalThis as Script).media.seen(player), id),
        play: () => page.evaluate((player) => (globalThis as Script).media.play(player), id),
        run: (code) => page.evaluate(`(${code})(globalThis.media.element(${id}))`),
        async next(type, make) {
          const handle = await page.evaluateHandle(
            (given) => ({ event: (globalThis as Script).media.next(given.id, given.type) }),
            { id, type },
          )
          await make()
          await handle.evaluate(({ event }) => event)
        },
        moves: () => page.evaluate((player) => (globalThis as Script).media.moves(player), id),
        async interruption(make) {
          const handle = await page.evaluateHandle(
            (player) => ({ gap: (globalThis as Script).media.interruption(player) }),
            id,
          )
          await make()
          return handle.evaluate(({ gap }) => gap)
        },
        playAll: (srcs) =>
          page.evaluate((given) => (globalThis as Script).media.playAll(given.id, given.srcs), { id, srcs }),
        dispose: () => page.evaluate((player) => (globalThis as Script).media.dispose(player), id),
      }
    },
    coldStart: (src) => page.evaluate((given) => (globalThis as Script).media.coldStart(given), src),
    answers: (part = '') =>
      server.asked.filter(({ isProbe, url }) => !isProbe && url.includes(part)).map(({ answer }) => answer),
    probes: () => server.asked.filter(({ isProbe }) => isProbe).map(({ answer }) => answer),
  }
}

async function bundled(input: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['@reauth/source', ...defaultClientConditions] },
    build: { write: false, minify: false, modulePreload: false, target: 'esnext', rolldownOptions: { input } },
  })
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((one) => ('output' in one ? one.output : []))
  const [chunk, ...rest] = outputs.filter((one) => one.type === 'chunk')
  if (chunk === undefined || rest.length > 0) throw new Error(`${input} has to become one chunk`)
  return chunk.code
}
