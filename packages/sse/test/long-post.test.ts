import type { IncomingMessage, ServerResponse } from 'node:http'

import { createSession, type Session } from '@reauth/core'
import { createHarness, type Harness } from '@reauth/testkit'
import { expect, it as base } from 'vitest'

import { createStream } from '../src/create-stream.ts'
import { failureOf } from './support/failure-of.ts'
import { listen } from './support/listen.ts'

const lifetimeMs = 600_000

/** A model behind HTTP that answers as long as the test wants. */
interface World extends Harness {
  readonly origin: string
  readonly session: Session
  /** Its answers, and what was asked. */
  readonly answers: readonly { readonly response: ServerResponse; readonly asked: string }[]
}

const it = base.extend<{ world: World }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern what a fixture needs
  world: async ({}, use) => {
    const harness = createHarness({ accessTokenLifetimeMs: lifetimeMs })
    const { issuer, clock } = harness
    const answers: { response: ServerResponse; asked: string }[] = []
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const asked = Buffer.concat(await request.toArray()).toString()
      if (issuer.check(request.headers.authorization?.slice('Bearer '.length) ?? '') === 'ok') {
        answers.push({ response, asked })
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      } else response.writeHead(401).end()
    }
    await using server = await listen((request, response) => void answer(request, response))
    const session = createSession({ refresh: issuer.refresh, origins: [server.origin], platform: clock })
    await session.signIn(issuer.signIn({ identity: 'alice' }).tokens)
    await use({ ...harness, origin: server.origin, session, answers })
    await session[Symbol.asyncDispose]()
    await harness.verify()
  },
})

const post: RequestInit = { method: 'POST', body: '{"prompt":"Why?"}' }

it('a POST goes on over three lifetimes of its token, refreshed behind it, and is sent once', async ({ world }) => {
  const { origin, session, issuer, clock, answers } = world
  const words: string[] = []
  const count = (3 * lifetimeMs) / 30_000
  const following = createStream(session).each(origin, post, ({ data }) => words.push(data))
  await expect.poll(() => answers.length).toBe(1)
  for (let word = 1; word <= count; word++) {
    answers[0]?.response.write(`data: ${word}\n\n`)
    // Each word takes half a minute.
    await clock.advance(30_000)
  }
  answers[0]?.response.end()
  await following
  expect(words).toEqual(Array.from({ length: count }, (_, index) => String(index + 1)))
  expect(answers.map(({ asked }) => asked)).toEqual([post.body])
  expect(issuer.refreshes).toBeGreaterThanOrEqual(3)
  expect(session.state.status).toBe('active')
})

it('a POST that the server cuts at the end of its token says where, and is sent once', async ({ world }) => {
  const { origin, session, answers } = world
  const events = createStream(session)(origin, post)
  const first = events.next()
  await expect.poll(() => answers.length).toBe(1)
  answers[0]?.response.write('id: 6\ndata: a\n\nid: 7\ndata: b')
  expect(await first).toMatchObject({ value: { data: 'a' } })
  answers[0]?.response.destroy()
  expect(await failureOf(events.next())).toMatchObject({ reason: 'interrupted', lastEventId: '6' })
  expect(answers).toHaveLength(1)
})

it('a POST that is refused is sent once more, with its body', async ({ world }) => {
  const { origin, session, issuer, answers } = world
  issuer.revokeAccessToken((await session.tokens())?.accessToken ?? '')
  const events = createStream(session)(origin, post)
  const first = events.next()
  await expect.poll(() => answers.length).toBe(1)
  answers[0]?.response.end('data: a\n\n')
  expect(await first).toMatchObject({ value: { data: 'a' } })
  expect(answers.map(({ asked }) => asked)).toEqual([post.body])
  expect(issuer.refreshes).toBe(1)
})
