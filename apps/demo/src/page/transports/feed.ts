import { createWebSocket, firstMessage, type ReconnectingSocket, subprotocol } from '@reauth/ws'

import { type FeedMessage, feedProtocol, paths } from '../../contract.ts'
import { countTraffic } from '../activity/timeline.ts'
import { via } from '../activity/via.ts'
import { session } from '../auth/session.ts'
import { originOf } from '../facts.ts'
import { createMeter, type Meter } from './reading.ts'
import { asBare } from './ticket.ts'

/** What the server asks for its feeds to go on: a new token in band, or a new connection. */
export type FeedKind = 'in band' | 'closing'

/** A feed that is being listened to. */
export interface Feed {
  readonly socket: ReconnectingSocket
  close(): void
}

const addresses: Readonly<Record<FeedKind, string>> = { 'in band': paths.feedInBand, closing: paths.feedClosing }

/** Listens to a feed through reauth. */
export function openFeed(kind: FeedKind, meter: Meter): Feed {
  const placement = kind === 'in band' ? firstMessage() : subprotocol()
  const socket = createWebSocket(via('socket', session), urlOf(kind), {
    placement,
    protocols: feedProtocol,
    overlap: true,
  })
  meter.set('connecting')
  socket.addEventListener('open', () => meter.opened())
  socket.addEventListener('message', ({ data }: MessageEvent<string>) => take(data, meter))
  socket.addEventListener('reconnecting', ({ detail: { reason, delayMs } }) => {
    meter.set('waiting', delayMs === Infinity ? `for a sign-in (${reason})` : reason)
  })
  socket.addEventListener('close', ({ code }: CloseEvent) => meter.set('dead', `closed with ${code}`))
  return { socket, close: () => socket.close(1000) }
}

/** Listens as the platform alone can: with the token of the moment. Returns how to stop. */
export async function openBareFeed(meter: Meter): Promise<() => void> {
  meter.set('connecting')
  const { accessToken = '' } = await session.acquire()
  const socket = new WebSocket(asBare(urlOf('closing')), [feedProtocol, `bearer.${accessToken}`])
  socket.addEventListener('open', () => meter.opened())
  socket.addEventListener('message', ({ data }: MessageEvent<string>) => take(data, meter))
  socket.addEventListener('close', ({ code }) => meter.set('dead', `closed with ${code}`))
  return () => socket.close(1000)
}

function urlOf(kind: FeedKind): string {
  return originOf('live').replace('http', 'ws') + addresses[kind]
}

function take(data: string, meter: Meter): void {
  const message = JSON.parse(data) as FeedMessage
  if (message.type !== 'tick') return
  countTraffic('socket')
  meter.took(message.number)
}

/** What the panel shows. */
export const feeds: Readonly<Record<'ours' | 'closing' | 'bare', Meter>> = {
  ours: createMeter(),
  closing: createMeter(),
  bare: createMeter(),
}
