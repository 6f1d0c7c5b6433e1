import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createSession } from '@reauth/core'
import { createHarness } from '@reauth/testkit'
import { expect, it } from 'vitest'

import { createStream } from '../src/create-stream.ts'

const count = 100

it(`${count} streams that are cut and refused at the same time cost one refresh, and go on where they were`, async () => {
  const { issuer, clock, verify } = createHarness()
  const open = new Set<() => void>()
  const resumed: unknown[] = []
  const server = createServer((incoming, response) => {
    if (issuer.check(incoming.headers.authorization?.slice('Bearer '.length) ?? '') !== 'ok') {
      response.writeHead(401).end()
      return
    }
    const id = Number(incoming.headers['last-event-id'] ?? 0) + 1
    if (id > 1) resumed.push(id)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`retry: 1\nid: ${id}\ndata: ${id}\n\n`)
    open.add(() => response.end())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const session = createSession({ refresh: issuer.refresh, origins: [origin], platform: clock })
  const { tokens } = issuer.signIn({ identity: 'alice' })
  await session.signIn(tokens)
  const stream = createStream(session)
  const streams = Array.from({ length: count }, (_, index) => stream(`${origin}/${index}`))
  const take = (): Promise<unknown[]> => Promise.all(streams.map(async (one) => (await one.next()).value?.data))

  expect(await take()).toEqual(Array.from({ length: count }, () => '1'))
  issuer.revokeAccessToken(tokens.accessToken)
  for (const end of open) end()
  expect(await take()).toEqual(Array.from({ length: count }, () => '2'))

  expect(resumed).toEqual(Array.from({ length: count }, () => 2))
  expect(issuer.tokenPosts).toBe(1)
  await Promise.all(streams.map((one) => one.return()))
  await session[Symbol.asyncDispose]()
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
  await verify()
})
