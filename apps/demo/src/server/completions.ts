import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

import { type CompletionPart, paths } from '../contract.ts'
import type { Tally } from './counters.ts'
import { letPageIn } from './from-page.ts'
import type { Gate } from './gate.ts'
import { BadRequest, readJson, wholeNumber } from './read-json.ts'
import { refuse } from './refuse.ts'
import { eventStream, json } from './respond.ts'
import type { Handler } from './serve.ts'

/** Creates what a language model does: one POST, a long stream, and nobody who looks at the token again. */
export function createCompletions({
  gate,
  tally,
  pageOrigin,
}: {
  gate: Gate
  tally: Tally
  pageOrigin: string
}): Handler {
  return async (request, response, url) => {
    if (letPageIn(request, response, pageOrigin)) return
    const isOurs = url.pathname === paths.completions && request.method === 'POST'
    if (!isOurs) return json(response, 404, { error: 'not_found' })
    const count = tally.transports(url)
    const entry = await gate.enter(gate.credentialOf(request, url))
    if (entry.status !== 200) {
      count.add(entry.status === 401 ? 'completionsRefused' : 'completionsDenied')
      return refuse(response, entry)
    }
    const given = await readJson(request)
    const { prompt } = given
    if (typeof prompt !== 'string') throw new BadRequest('prompt has to be a text')
    const parts = wholeNumber(given, 'parts', [1, 10_000], 240)
    const everyMs = wholeNumber(given, 'everyMs', [1, 60_000], 250)

    count.add('completionsBegun')
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    eventStream(response)
    for (const part of partsOf(prompt, parts)) {
      // oxlint-disable-next-line no-await-in-loop
      await sleep(everyMs, undefined, { signal: gone.signal }).catch(() => {})
      if (gone.signal.aborted) return
      const isTaken = response.write(`id: ${part.index}\ndata: ${JSON.stringify(part)}\n\n`)
      // oxlint-disable-next-line no-await-in-loop
      if (!isTaken) await once(response, 'drain', { signal: gone.signal }).catch(() => {})
    }
    response.end('data: [DONE]\n\n')
    count.add('completionsDone')
  }
}

const words =
  'is a good question and the answer takes its time since every word of it is said slowly while a token ends and another one begins but nobody who reads this notices it because a stream that was let in stays in'.split(
    ' ',
  )

/** Always the same parts for a prompt: two answers can be compared word by word. */
function* partsOf(prompt: string, count: number): Generator<CompletionPart> {
  for (let index = 0; index < count; index++) {
    yield { index, text: index === 0 ? `“${prompt.slice(0, 200)}”` : ` ${words[(index - 1) % words.length]}` }
  }
}
