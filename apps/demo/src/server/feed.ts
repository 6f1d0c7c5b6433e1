import type { WebSocket } from 'ws'

import type { FeedMessage, TransportCounters } from '../contract.ts'
import type { Count } from './counters.ts'
import { ticking } from './ticking.ts'

type Counted = Count<keyof TransportCounters>

/** Sends every tick from now on, and says what it is told. */
export async function feed(socket: WebSocket, count: Counted, startedAt: number, everyMs: number): Promise<void> {
  const gone = new AbortController()
  const send = (message: FeedMessage): void => {
    if (socket.bufferedAmount < 1_048_576) socket.send(JSON.stringify(message))
    else socket.terminate()
  }
  socket.on('close', () => gone.abort())
  socket.on('message', (data, isBinary) => {
    const text = isBinary ? undefined : wordsIn(String(data))
    if (text === undefined) return
    count.add('feedSaid')
    send({ type: 'said', text })
  })
  if (socket.readyState !== socket.OPEN) return
  for await (const { number, at } of ticking({ startedAt, everyMs, signal: gone.signal })) {
    send({ type: 'tick', number, at })
  }
}

function wordsIn(data: string): string | undefined {
  try {
    const { type, text } = JSON.parse(data) as { type?: unknown; text?: unknown }
    return type === 'say' && typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}
