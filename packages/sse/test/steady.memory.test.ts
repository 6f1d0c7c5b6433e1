import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { staticSource } from '@reauth/core'
import { expect, it } from 'vitest'

import { createStream } from '../src/create-stream.ts'

/** How much goes through, in MB. */
const megabytes = Number(process.env['REAUTH_STREAM_MB'] ?? 100)
const origin = 'https://api.test'
const eventsPerPiece = 100
const data = 'x'.repeat(160)

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Answers with so many pieces, each of which is made when it is asked for. */
function answer(pieces: number): Response {
  let sent = 0
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (sent === pieces) {
          controller.close()
          return
        }
        let text = ''
        for (let index = 0; index < eventsPerPiece; index++) text += `id: ${sent}.${index}\ndata: ${data}\n\n`
        sent++
        controller.enqueue(encoder.encode(text))
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

it.each(['each', 'iterate'] as const)(`${megabytes} MB leave nothing behind, by %s`, async (way) => {
  const bytesPerPiece = (data.length + 20) * eventsPerPiece
  const pieces = Math.ceil((megabytes * 1e6) / bytesPerPiece)
  const source = staticSource('a', { origins: [origin] })
  const answers = [answer(pieces), new Response(null, { status: 204 })]
  const stream = createStream(source, {
    fetch: () => Promise.resolve(answers.shift() as Response),
    handover: true,
    heartbeatMs: 60_000,
  })
  const used: number[] = []
  let events = 0
  const take = (): void => {
    if (events++ % Math.ceil((pieces * eventsPerPiece) / 10) !== 0) return
    gc()
    used.push(process.memoryUsage().heapUsed)
  }
  if (way === 'each') await stream.each(origin, {}, take)
  else for await (const _ of stream(origin)) take()

  expect(events).toBe(pieces * eventsPerPiece)
  expect(used).toHaveLength(10)
  // From when everything has been compiled on.
  const [, , settled = 0, ...later] = used
  expect(Math.max(...later) - settled).toBeLessThan(1_000_000)
})
