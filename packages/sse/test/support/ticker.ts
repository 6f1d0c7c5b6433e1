import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How many events there are, and after how many of them a token ends. */
export interface TickerOptions {
  readonly total: number
  readonly perToken: number
  /** Whether it waits for the next connection shortly before the token of this one ends. */
  readonly overlaps?: boolean
  /** What else is served: the page that listens. */
  readonly page?: string
}

/** A server of numbered events that cuts each connection when its token ends, wherever that is in an event. */
export interface Ticker extends AsyncDisposable {
  readonly origin: string
  /** How many token sets it gave, but for the first. */
  readonly refreshes: number
  /** What it answered, by status. */
  readonly answers: Readonly<Record<number, number>>
  /** How many connections opened while the one before was open. */
  readonly overlapping: number
  /** How often it cut, by where. */
  readonly cuts: Readonly<Record<string, number>>
}

/** How long before the end of a token the next connection is waited for, and how long after it the old one goes on. */
const aheadOf = 200
const past = 50

const lineEnds = ['\n', '\r\n', '\r'] as const

/** Returns one event, which has characters of two, three and four bytes. */
function eventText(id: number, eol: string = lineEnds[id % 3] ?? '\n'): string {
  return [`id: ${id}`, `data: ${id} é€`, 'data: 😀', '', ''].join(eol)
}

type Cut = readonly [name: string, send: (response: ServerResponse, next: number) => void]

/** Sends so much, and hangs up without the end of the answer. */
const breakOff = (response: ServerResponse, bytes: Uint8Array): void => {
  response.write(bytes)
  response.socket?.end()
}

const cuts: readonly Cut[] = [
  ['between events', (response) => response.end()],
  ['in a field', (response, next) => breakOff(response, Buffer.from(eventText(next).slice(0, -8)))],
  [
    'in a character',
    (response, next) => {
      const bytes = Buffer.from(eventText(next))
      breakOff(response, bytes.subarray(0, bytes.indexOf(Buffer.from('😀')) + 2))
    },
  ],
  [
    'between CR and LF',
    (response, next) => {
      const text = eventText(next, '\r\n')
      breakOff(response, Buffer.from(text.slice(0, text.indexOf('\n'))))
    },
  ],
  // The event is over at the CR, and the client must not take the LF for another line.
  ['before the last LF', (response, next) => breakOff(response, Buffer.from(eventText(next, '\r\n').slice(0, -1)))],
  ['without an event', (response) => response.end(': bye\n\n')],
]

export async function serveTicker({ total, perToken, overlaps = false, page }: TickerOptions): Promise<Ticker> {
  let tokens = 1
  /** The last of those that have ended. */
  let ended = 0
  let open = 0
  let overlapping = 0
  const answers: Record<number, number> = {}
  const cutCounts: Record<string, number> = {}
  const opened = new Map<number, () => void>()

  function answer(response: ServerResponse, status: number, headers: Record<string, string> = {}): ServerResponse {
    answers[status] = (answers[status] ?? 0) + 1
    return response.writeHead(status, headers)
  }

  async function stream(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = Number(/^Bearer t(\d+)$/.exec(incoming.headers.authorization ?? '')?.[1])
    if (!(token > ended && token <= tokens)) {
      answer(response, 401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
      return
    }
    let id = Number(incoming.headers['last-event-id'] ?? 0)
    if (id >= total) {
      answer(response, 204).end()
      return
    }
    answer(response, 200, { 'content-type': 'text/event-stream; charset=utf-8' }).write('retry: 5\n\n')
    if (open++ > 0) overlapping++
    response.once('close', () => open--)
    opened.get(token)?.()
    const end = Math.min(total, token * perToken)
    const isLast = end === total
    const pauseAt = overlaps && !isLast ? end - aheadOf : end
    const stopAt = overlaps && !isLast ? end + past : end
    while (id < stopAt && !response.closed) {
      let text = ''
      const until = Math.min(id + 100, id < pauseAt ? pauseAt : stopAt)
      while (id < until) text += eventText(++id)
      if (!response.write(text)) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve))
      if (overlaps && !isLast && id === pauseAt) await nextOpens(token + 1, response)
    }
    // A client that hangs up takes nothing from its token.
    if (response.closed) return
    ended = Math.max(ended, token)
    const [name, cut] = cuts[isLast ? 0 : token % cuts.length] as Cut
    cutCounts[name] = (cutCounts[name] ?? 0) + 1
    cut(response, id + 1)
  }

  const nextOpens = (token: number, response: ServerResponse): Promise<void> =>
    new Promise((resolve) => {
      opened.set(token, resolve)
      response.once('close', resolve)
    })

  const server = createServer((incoming, response) => {
    const { pathname } = new URL(incoming.url ?? '/', 'http://ticker')
    if (pathname === '/ticks') void stream(incoming, response)
    else if (pathname === '/token') {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ access_token: `t${++tokens}`, token_type: 'Bearer', expires_in: 3600 }))
    } else if (pathname === '/page.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(page)
    else if (pathname === '/favicon.ico') response.writeHead(204).end()
    else
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>ticks</title><script type=module src=/page.js></script>')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    cuts: cutCounts,
    get refreshes() {
      return tokens - 1
    },
    get overlapping() {
      return overlapping
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
