import { expect } from 'vitest'

import { header } from '../src/header.ts'
import { createWebSocket } from '../src/node-sockets.ts'
import { type Heard, listenTo } from './support/heard.ts'
import { it } from './support/world.ts'

const total = Number(process.env['SOCKETS'] ?? 1000)

it(
  'takes one refresh to bring a thousand sockets back that an expired token has dropped, spread out',
  { timeout: 60_000 },
  async ({ world }) => {
    const { server, issuer, open, closing } = world
    server.admit = world.byToken
    const session = open()
    const heard: Heard[] = []
    for (let count = 0; count < total; count++) {
      heard.push(listenTo(closing(createWebSocket(session, server.url, { placement: header() }))))
    }
    await expect.poll(() => server.sockets.size, { timeout: 30_000 }).toBe(total)
    issuer.revokeAccessToken((await session.tokens())?.accessToken)
    for (const client of server.sockets) client.close(4401, 'token_expired')
    await expect.poll(() => heard.every(({ types }) => types.length === 3), { timeout: 30_000 }).toBe(true)

    expect(issuer.refreshes).toBe(1)
    expect(server.dials).toHaveLength(2 * total)
    expect(heard.every(({ types }) => types.join() === 'open,reconnecting,open')).toBe(true)
    const delays = heard.map(({ losses }) => losses[0]?.delayMs ?? 0)
    const perTenth = Array.from(
      { length: 10 },
      (_, tenth) => delays.filter((ms) => ms >= tenth * 25 && ms < tenth * 25 + 25).length,
    )
    expect(Math.max(...delays)).toBeLessThanOrEqual(250)
    // By chance alone it is 100 each.
    for (const count of perTenth) expect(count).toBeLessThan(total / 5)
  },
)
