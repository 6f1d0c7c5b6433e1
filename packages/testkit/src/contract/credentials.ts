import { assertEqual } from './assert-equal.ts'
import type { TransportPromise } from './promise.ts'

/** What goes on the wire, and where to. */
export const credentials: readonly TransportPromise[] = [
  {
    title: 'sends the credential of the session',
    async play({ issuer, tokens, use, sent }) {
      const { what } = await use('/api/item')

      assertEqual(what, 'ok', 'The use')
      assertEqual(sent('/api/item'), 1, 'Requests')
      assertEqual(issuer.exchanges.at(-1)?.accessToken, tokens.accessToken, 'The token that was sent')
      assertEqual(issuer.tokenPosts, 0, 'Token requests')
    },
  },
  {
    title: 'gets a new credential before it sends when the one it has is stale',
    async play({ issuer, clock, use }) {
      clock.jump(3_600_000)
      const { what } = await use('/api/item')

      assertEqual(what, 'ok', 'The use')
      assertEqual(issuer.tokenPosts, 1, 'Token requests')
      assertEqual(issuer.apiRequests.refused, 0, 'Refusals')
    },
  },
  {
    title: 'sends what another transport has renewed',
    async play({ issuer, session, use }) {
      await use('/api/item')
      await session.refresh()
      const { what } = await use('/api/item')

      assertEqual(what, 'ok', 'The use')
      assertEqual(
        issuer.exchanges.at(-1)?.accessToken,
        (await session.tokens())?.accessToken,
        'The token that was sent',
      )
      assertEqual(issuer.tokenPosts, 1, 'Token requests')
    },
  },
  {
    title: 'sends no token to an origin that is not listed, whatever that answers',
    async play({ issuer, session, elsewhere, use }) {
      await use(`${elsewhere}/api/item`)

      assertEqual(issuer.leaks.join(', '), '', 'Leaks')
      assertEqual(issuer.tokenPosts, 0, 'Token requests')
      assertEqual(session.state.status, 'active', 'The session')
    },
  },
]
