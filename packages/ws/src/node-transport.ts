import type { IncomingMessage } from 'node:http'

import { WebSocket as NodeWebSocket } from 'ws'

import type { Answer } from './loss.ts'
import type { Transport } from './transport.ts'

const maxBodyLength = 65_536
const patienceMs = 2000

/** Connects with `ws`, which sends headers, tells how a handshake was answered, and can ping. */
export const nodeTransport: Transport = {
  seesHandshake: true,
  open({ url, protocols, headers }, refused) {
    const socket = new NodeWebSocket(url, protocols, { headers })
    socket.once('unexpected-response', (_request, response) => {
      void answerOf(response).then(refused)
    })
    return socket as unknown as WebSocket
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
