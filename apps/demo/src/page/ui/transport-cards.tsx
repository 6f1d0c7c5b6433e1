import { type JSX, useEffect } from 'react'

import { useSessionState } from '../auth/session.ts'
import { feeds, openBareFeed, openFeed } from '../transports/feed.ts'
import type { Meter } from '../transports/reading.ts'
import { complete, openBareTicks, openTicks, streams } from '../transports/streams.ts'
import { Card } from './card.tsx'
import { Reading } from './reading.tsx'

/** Sockets: one that is asked for a new token, one that is closed for it, and a bare one. */
export function SocketCard(): JSX.Element {
  useEffect(() => connect(feeds.ours, (meter) => openFeed('in band', meter).close), [])
  useEffect(() => connect(feeds.closing, (meter) => openFeed('closing', meter).close), [])
  const again = useBare(feeds.bare, openBareFeed)
  return (
    <Card title="Socket" area="socket">
      <Reading name="asked in band" meter={feeds.ours} />
      <Reading name="closed at expiry" meter={feeds.closing} />
      <Reading name="new WebSocket()" meter={feeds.bare} isBare />
      <Again name="Start the bare socket again" again={again} />
    </Card>
  )
}

/** Streams: one that goes on by its ids, one long answer, and a bare one. */
export function StreamsCard(): JSX.Element {
  useEffect(() => connect(streams.ticks, openTicks), [])
  const again = useBare(streams.bare, openBareTicks)
  return (
    <Card title="Streams" area="streams">
      <Reading name="ticks with ids" meter={streams.ticks} />
      <Reading name="long POST" meter={streams.completion} />
      <Reading name="new EventSource()" meter={streams.bare} isBare />
      <div className="glance-actions">
        <button
          type="button"
          className="button"
          onClick={() => void complete({ prompt: 'Tell me everything', parts: 240, everyMs: 250 }, streams.completion)}
        >
          Ask for a minute of text
        </button>
        <Again name="Start the bare stream again" again={again} />
      </div>
    </Card>
  )
}

/** Connects, and forgets what was seen when it is over: an effect that runs twice leaves one connection. */
function connect(meter: Meter, open: (meter: Meter) => () => void): () => void {
  const close = open(meter)
  return () => {
    close()
    meter.reset()
  }
}

/** Starts what is bare once somebody is signed in, and again when asked: it cannot help itself. */
function useBare(meter: Meter, open: (meter: Meter) => Promise<() => void>): () => void {
  const isActive = useSessionState().status === 'active'
  useEffect(() => {
    if (isActive) return begin(meter, open)
  }, [isActive, meter, open])
  return () => {
    endings.get(meter)?.()
    meter.reset()
    begin(meter, open)
  }
}

const endings = new WeakMap<Meter, () => void>()

function begin(meter: Meter, open: (meter: Meter) => Promise<() => void>): () => void {
  let isOver = false
  let close: (() => void) | undefined
  const start = async (): Promise<void> => {
    // an effect that runs twice is over before its first run dials
    await Promise.resolve()
    if (isOver) return
    close = await open(meter)
    if (isOver) close()
  }
  start().catch((error: unknown) => meter.set('dead', error instanceof Error ? error.name : 'unknown'))
  const end = (): void => {
    isOver = true
    close?.()
  }
  endings.set(meter, end)
  return end
}

function Again({ name, again }: { name: string; again: () => void }): JSX.Element {
  return (
    <button type="button" className="button" onClick={again}>
      {name}
    </button>
  )
}
