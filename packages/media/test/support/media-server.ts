import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { MediaFile } from './files/media-file.ts'
import { mp3 } from './files/mp3.ts'
import { mp4 } from './files/mp4.ts'
import { wav } from './files/wav.ts'
import { webm } from './files/webm.ts'

/** What happens to a request instead of what should. */
export type Fault = 401 | 403 | 404 | 500 | 'reset' | 'hang' | 'corrupt'

/** A request for a file, and what it was answered. */
export interface Asked {
  /** The path with its query. */
  readonly url: string
  readonly range: string | undefined
  /** Whether an element sent it; a probe is sent by the page. */
  readonly isProbe: boolean
  readonly token: string | undefined
  answer: Fault | 200 | 206
  /** How many bytes of it were sent. */
  bytes: number
}

export interface MediaServer {
  readonly origin: string
  readonly asked: readonly Asked[]
  /** How often the cookie was renewed. */
  readonly refreshes: number
  /** How many of these were of a token that was taken, and had more than half of its life before it. */
  readonly needlessRefreshes: number
  /** How long a token lives, in ms. */
  lifetimeMs: number
  /** How many tokens a user may have; the oldest is pushed out. */
  cap: number
  /** How a token is refused: signed addresses are denied. */
  refusal: 401 | 403
  /** How long a refresh takes, in ms. */
  refreshMs: number
  /** Where an answer stops for as long as the connection lives, in bytes from its beginning. */
  stopAfterBytes: number
  /** What the page has told by `POST /report`. */
  readonly reports: unknown[]
  /** What happens to a request; undefined is what should. */
  fault: (asked: Asked) => Fault | undefined
  /** Takes this token no more. */
  lapse(token: string): void
  /** Takes no token any more that was given before. */
  expire(): void
  /** Signs another device of the user in. */
  signInElsewhere(): void
  /** Cuts all connections on which a file is sent. */
  cut(): void
  close(): Promise<void>
}

const makers: { readonly [ending: string]: (seconds: number) => MediaFile } = { wav, mp3, mp4, webm }
const files = new Map<string, MediaFile>()

/** `/media/600/name.wav` is a file of 600 s, whatever the name. */
function fileAt(path: string): MediaFile | undefined {
  const [, seconds, ending] = /^\/\w+\/(\d+)\/[\w-]+\.(\w+)$/.exec(path) ?? []
  const maker = makers[ending ?? '']
  if (maker === undefined) return undefined
  const key = `${seconds}.${ending}`
  const file = files.get(key) ?? maker(Number(seconds))
  files.set(key, file)
  return file
}

/**
 * Serves a page with its script, and media with ranges to who has the cookie: `/media/…` goes by that, `/signed/…?token=…`
 * by the query, and `/public/…` by nothing. `POST /sign-in` and `/refresh` set the cookie.
 */
export async function serveMedia(script: string): Promise<MediaServer> {
  const living = new Map<string, number>()
  const sending = new Set<ServerResponse>()
  const asked: Asked[] = []
  const reports: unknown[] = []
  let count = 0
  let refreshes = 0
  let needlessRefreshes = 0

  const mint = (): string => {
    const token = `token-${++count}`
    living.set(token, Date.now() + server.lifetimeMs)
    while (living.size > server.cap) living.delete(living.keys().next().value ?? '')
    return token
  }
  const isTaken = (token: string | undefined): boolean => (living.get(token ?? '') ?? 0) > Date.now()

  async function grant(answer: ServerResponse, previous: string | undefined): Promise<void> {
    if (server.refreshMs > 0) await new Promise((resolve) => setTimeout(resolve, server.refreshMs))
    if (previous !== undefined) living.delete(previous)
    answer
      .writeHead(200, {
        'content-type': 'application/json',
        'set-cookie': `media=${mint()}; HttpOnly; SameSite=Strict; Path=/`,
      })
      .end(JSON.stringify({ expiresInMs: server.lifetimeMs }))
  }

  /** A token for the query, to who has the cookie. */
  function ticket(request: IncomingMessage, answer: ServerResponse): void {
    if (isTaken(cookieOf(request))) answer.end(mint())
    else answer.writeHead(401).end()
  }

  async function report(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    reports.push(await new Response(request as never).json())
    answer.end()
  }

  function serveFile(request: IncomingMessage, answer: ServerResponse, file: MediaFile, url: URL): void {
    const range = request.headers.range
    const entry: Asked = {
      url: url.pathname + url.search,
      range,
      isProbe: request.headers['sec-fetch-dest'] === 'empty',
      token: url.pathname.startsWith('/signed/') ? (url.searchParams.get('token') ?? undefined) : cookieOf(request),
      answer: range === undefined ? 200 : 206,
      bytes: 0,
    }
    asked.push(entry)
    const isRefused = !url.pathname.startsWith('/public/') && !isTaken(entry.token)
    const refusal = server.refusal
    const fault = server.fault(entry) ?? (isRefused ? refusal : undefined)
    if (fault !== undefined) entry.answer = fault
    if (fault === 'hang') return
    if (fault === 'reset') {
      request.socket.resetAndDestroy()
      return
    }
    if (typeof fault === 'number') {
      answer.writeHead(fault, { 'content-type': 'text/plain', 'cache-control': 'no-store' }).end('no')
      return
    }
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
    const start = Number(from)
    const end = to === '' ? file.size : Math.min(Number(to) + 1, file.size)
    answer.writeHead(entry.answer === 200 ? 200 : 206, {
      'content-type': file.type,
      'content-length': end - start,
      'accept-ranges': 'bytes',
      'cache-control': 'no-store',
      ...(range !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${file.size}` }),
    })
    sending.add(answer)
    answer.on('close', () => sending.delete(answer))
    let at = start
    const limit = Math.min(end, start + server.stopAfterBytes)
    const send = (): void => {
      while (at < limit) {
        const next = Math.min(limit, at + 65_536)
        const bytes = file.read(at, next)
        if (fault === 'corrupt') bytes.fill(0xff)
        entry.bytes += next - at
        at = next
        if (!answer.write(bytes)) {
          answer.once('drain', send)
          return
        }
      }
      if (at === end) answer.end()
    }
    send()
  }

  const http = createServer((request, answer) => {
    const url = new URL(request.url ?? '/', 'http://server')
    const file = fileAt(url.pathname)
    if (file !== undefined) serveFile(request, answer, file, url)
    else if (url.pathname === '/sign-in') void grant(answer, undefined)
    else if (url.pathname === '/ticket') ticket(request, answer)
    else if (url.pathname === '/report') void report(request, answer)
    else if (url.pathname === '/refresh') {
      refreshes++
      const leftMs = (living.get(cookieOf(request) ?? '') ?? 0) - Date.now()
      if (leftMs > server.lifetimeMs / 2) needlessRefreshes++
      void grant(answer, cookieOf(request))
    } else if (url.pathname === '/page.js') answer.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    else if (url.pathname === '/') {
      answer
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>player</title><button>Play</button><script type=module src=/page.js></script>')
    } else answer.writeHead(404).end()
  })
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve)
  })

  const server: MediaServer = {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    asked,
    reports,
    get refreshes() {
      return refreshes
    },
    get needlessRefreshes() {
      return needlessRefreshes
    },
    lifetimeMs: 20_000,
    cap: Infinity,
    refusal: 401,
    refreshMs: 0,
    stopAfterBytes: Infinity,
    fault: () => undefined,
    lapse: (token) => void living.delete(token),
    expire() {
      living.clear()
    },
    signInElsewhere: () => void mint(),
    cut() {
      for (const answer of sending) answer.destroy()
    },
    async close() {
      http.closeAllConnections()
      await new Promise((resolve) => {
        http.close(resolve)
      })
    },
  }
  return server
}

function cookieOf({ headers }: IncomingMessage): string | undefined {
  return /(?:^|; )media=([^;]*)/.exec(headers.cookie ?? '')?.[1]
}
