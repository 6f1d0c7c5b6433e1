import { once } from 'node:events'

import { paths, type Tick } from '../contract.ts'
import type { Tally } from './counters.ts'
import type { Gate } from './gate.ts'
import { refuse } from './refuse.ts'
import { eventStream, json } from './respond.ts'
import type { Handler } from './serve.ts'
import { everyMsOf, ticking } from './ticking.ts'

/** Creates the ticker: events with ids, over a stream that ends with its token. */
export function createTicks({ gate, tally, startedAt }: { gate: Gate; tally: Tally; startedAt: number }): Handler {
  return async (request, response, url) => {
    if (url.pathname !== paths.ticks || request.method !== 'GET') return json(response, 404, { error: 'not_found' })
    const everyMs = everyMsOf(url)
    const count = tally.transports(url)
    const entry = await gate.enter(gate.credentialOf(request, url, { cookie: true, ticket: true }))
    if (entry.status !== 200) {
      count.add(entry.status === 401 ? 'ticksRefused' : 'ticksDenied')
      return refuse(response, entry)
    }
    const after = lastNumber(request.headers['last-event-id'])
    count.add('ticksOpened')
    if (after !== undefined) count.add('ticksResumed')

    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const expiry = AbortSignal.timeout(Math.max(0, entry.grant.expiresAt - Date.now()))
    const signal = AbortSignal.any([gone.signal, expiry])
    eventStream(response)
    for await (const tick of ticking({ startedAt, everyMs, after, signal })) {
      if (!response.write(eventOf(tick))) await once(response, 'drain', { signal }).catch(() => {})
    }
    if (gone.signal.aborted) return
    count.add('ticksExpired')
    response.end()
  }
}

const eventOf = (tick: Tick): string => `id: ${tick.number}\ndata: ${JSON.stringify(tick)}\n\n`

const lastNumber = (id: string | string[] | undefined): number | undefined =>
  typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : undefined
