import type { IncomingMessage } from 'node:http'

import { WebSocket as NodeWebSocket } from 'ws'

import type { Answer } from './loss.ts'
import type { Data } from './outbox.ts'
import type { Transport } from './transport.ts'

const maxBodyLength = 65_536
const patienceMs = 2000

/** Connects with `ws`, which sends headers, tells how a handshake was answered, and can ping. */
export const nodeTransport: Transport = {
  seesHandshake: true,
  open({ url, protocols, headers }, refused) {
    const socket = new NodeWebSocket(url, [...protocols], { headers })
    socket.once('unexpected-response', (_request, response) => {
      void answerOf(response).then(refused)
    })
    return socket as unknown as WebSocket
  },
  sender(socket) {
    const { send } = socket as unknown as NodeWebSocket
    // It forgets what it buffers when the connection ends, but tells of each message once that is written.
    const sent: Data[] = []
    let written = 0
    const count = (error?: Error | null): void => {
      if (error) return
      if (++written < 64) return
      sent.splice(0, written)
      written = 0
    }
    return {
      send(data) {
        sent.push(data)
        send.call(socket, data as never, count as never)
      },
      unsent: () => sent.slice(written),
    }
  },
  ping(socket, answered) {
    const { once, ping } = socket as unknown as NodeWebSocket
    once.call(socket, 'pong', answered)
    ping.call(socket)
  },
}

async function answerOf(response: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, headers } = response
  const timer = setTimeout(() => response.destroy(), patienceMs)
  let body = ''
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      body += chunk as string
      if (body.length > maxBodyLength) break
    }
  } catch {
    // What there is of it is all there is.
  }
  clearTimeout(timer)
  return { status, headers: { get: (name) => headers[name]?.toString() ?? null }, body: body.slice(0, maxBodyLength) }
}
