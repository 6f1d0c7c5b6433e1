/* oxlint-disable unicorn/prefer-add-event-listener -- what is compared is handlers */
import { createSession, type Session } from '@reauth/core'
import { cookie, createWebSocket } from '@reauth/ws'
import { createWebSocket as createNodeWebSocket } from '@reauth/ws/node'
import PartySocket from 'partysocket/ws'
import ReconnectingWebSocket from 'reconnecting-websocket'
import { WebSocket as NodeWebSocket } from 'ws'

import type { GetToken } from './hand-written.ts'

/** What a socket of whoever can do. */
export interface AnySocket extends Pick<WebSocket, 'send' | 'close' | 'readyState'> {
  onopen: ((event: never) => unknown) | null
  onmessage: ((event: never) => unknown) | null
}

/** A way to stay connected. */
export interface SocketContender {
  readonly name: string
  /** Opens sockets; each time it gets a token where it has none, or the last was refused. */
  open(url: string, count: number, getToken: GetToken): AnySocket[]
}

const Platform = NodeWebSocket as unknown as typeof WebSocket
// Its types are those of another kind of module.
const Reconnecting = ReconnectingWebSocket as unknown as typeof PartySocket
// Without a wait between two tries, so that their own work is all there is.
const atOnce = { minReconnectionDelay: 0, maxReconnectionDelay: 0, WebSocket: Platform }

/** One token for all, which is renewed once for all that were refused with it. */
function sharedToken(getToken: GetToken): { current(): Promise<string>; refused(token: string): Promise<void> } {
  let token = getToken()
  let used: string | undefined
  return {
    async current() {
      return (used = await token)
    },
    async refused(refusedToken) {
      if (refusedToken === used) {
        used = undefined
        token = getToken()
      }
      await token
    },
  }
}

/** A socket that opens anew when it was closed with 4401, and does no more than that. */
function redial(url: string, tokens: ReturnType<typeof sharedToken>): AnySocket {
  let socket: WebSocket | undefined
  const outer: AnySocket = {
    onopen: null,
    onmessage: null,
    get readyState() {
      return (socket?.readyState ?? 0) as 0
    },
    send(data) {
      socket?.send(data)
    },
    close() {
      if (socket) socket.onclose = null
      socket?.close()
    },
  }
  const dial = async (): Promise<void> => {
    const token = await tokens.current()
    socket = new NodeWebSocket(url, { headers: { authorization: `Bearer ${token}` } }) as unknown as WebSocket
    socket.onopen = (event) => outer.onopen?.(event as never)
    socket.onmessage = (event) => outer.onmessage?.(event as never)
    socket.onclose = async ({ code }) => {
      if (code === 4401) await tokens.refused(token)
      await dial()
    }
  }
  void dial()
  return outer
}

function many<Item>(count: number, make: () => Item): Item[] {
  return Array.from({ length: count }, make)
}

/** A library that asks for its URL each time, and so for the token in it. */
function byUrl(name: string, make: (url: () => Promise<string>) => AnySocket & EventTarget): SocketContender {
  return {
    name,
    open(url, count, getToken) {
      const tokens = sharedToken(getToken)
      return many(count, () => {
        let token = ''
        const socket = make(async () => `${url}?token=${(token = await tokens.current())}`)
        socket.addEventListener('close', (event) => {
          if ((event as CloseEvent).code === 4401) void tokens.refused(token)
        })
        return socket
      })
    },
  }
}

function sessionAt(url: string, getToken: GetToken): Session {
  const session = createSession({
    origins: [new URL(url).origin.replace('ws', 'http')],
    refresh: async () => ({ accessToken: await getToken() }),
  })
  void getToken().then((accessToken) => session.signIn({ accessToken }))
  return session
}

export const socketContenders: readonly SocketContender[] = [
  {
    name: 'raw re-dial',
    open(url, count, getToken) {
      const tokens = sharedToken(getToken)
      return many(count, () => redial(url, tokens))
    },
  },
  {
    name: 'reauth',
    open(url, count, getToken) {
      const session = sessionAt(url, getToken)
      const options = { placement: cookie(), backoff: { minMs: 0, maxMs: 0 } }
      return many(count, () => createNodeWebSocket(session, url, options))
    },
  },
  {
    name: 'reauth, over any WebSocket',
    open(url, count, getToken) {
      const session = sessionAt(url, getToken)
      const options = { placement: cookie(), backoff: { minMs: 0, maxMs: 0 }, WebSocket: Platform }
      return many(count, () => createWebSocket(session, url, options))
    },
  },
  byUrl('partysocket', (url) => new PartySocket(url, [], atOnce) as never),
  byUrl('reconnecting-websocket', (url) => new Reconnecting(url, [], atOnce) as never),
]
