import { createStream } from '@reauth/sse'

import { type CompletionPart, type CompletionRequest, paths, type Tick } from '../../contract.ts'
import { countTraffic } from '../activity/timeline.ts'
import { inspected, via } from '../activity/via.ts'
import { session } from '../auth/session.ts'
import { originOf } from '../facts.ts'
import { createMeter, type Meter } from './reading.ts'
import { asBare, ticketed } from './ticket.ts'

const stream = createStream(via('stream', session), { fetch: inspected('stream'), handover: true })

/** What the panel shows. */
export const streams: Readonly<Record<'ticks' | 'bare' | 'completion', Meter>> = {
  ticks: createMeter(),
  bare: createMeter(),
  completion: createMeter(),
}

/** Follows the ticks through reauth. Returns how to stop. */
export function openTicks(meter: Meter): () => void {
  const stop = new AbortController()
  void follow(meter, stop.signal)
  return () => stop.abort()
}

async function follow(meter: Meter, signal: AbortSignal): Promise<void> {
  meter.set('connecting')
  try {
    await stream.each(`${originOf('live')}${paths.ticks}`, { signal }, ({ data }) => {
      if (meter.reading.get().state !== 'open') meter.opened()
      countTraffic('stream')
      meter.took((JSON.parse(data) as Tick).number)
    })
    meter.set('done')
  } catch (error) {
    if (!signal.aborted) meter.set('dead', error instanceof Error ? error.name : 'unknown')
  }
}

/** Follows the ticks as the platform alone can. Returns how to stop. */
export async function openBareTicks(meter: Meter): Promise<() => void> {
  meter.set('connecting')
  const address = await ticketed(asBare(`${originOf('live')}${paths.ticks}`))
  const source = new EventSource(address)
  source.addEventListener('open', () => meter.opened())
  source.addEventListener('message', ({ data }: MessageEvent<string>) => meter.took((JSON.parse(data) as Tick).number))
  source.addEventListener('error', () => {
    if (source.readyState === source.CLOSED) meter.set('dead', 'its ticket was refused')
    else meter.set('waiting', 'for another connection')
  })
  return () => source.close()
}

/** Has a long answer told, part by part. Resolves with how many came. */
export async function complete(request: CompletionRequest, meter: Meter, signal?: AbortSignal): Promise<number> {
  meter.reset()
  meter.set('connecting')
  const init: RequestInit = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
    ...(signal !== undefined && { signal }),
  }
  try {
    await stream.each(`${originOf('llm')}${paths.completions}`, init, ({ data }) => {
      if (meter.reading.get().state !== 'open') meter.opened()
      if (data === '[DONE]') return
      countTraffic('stream')
      meter.took((JSON.parse(data) as CompletionPart).index)
    })
    meter.set('done')
  } catch (error) {
    meter.set('dead', error instanceof Error ? error.name : 'unknown')
  }
  return meter.reading.get().count
}
