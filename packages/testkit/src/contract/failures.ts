import { status } from '../answer-faults.ts'
import type { Fault } from '../fault.ts'
import { dropRequest } from '../network-faults.ts'
import { assertEqual } from './assert-equal.ts'
import type { TransportPromise } from './promise.ts'

/** What happens when there is no new credential to be had. */
export const failures: readonly TransportPromise[] = [
  {
    title: 'says when a refresh is unavailable, keeps the session and works again later',
    play: failAndRecover(status(503), 'RefreshError unavailable'),
  },
  {
    title: 'says when the answer to a refresh was lost, keeps the session and works again later',
    play: failAndRecover(dropRequest(), 'RefreshError lost'),
  },
  {
    title: 'asks for a sign-in when the issuer rejects the refresh, and sends nothing from then on',
    async play({ issuer, session, tokens, use, sent }) {
      issuer.revokeAccessToken(tokens.accessToken)
      issuer.revokeRefreshToken(tokens.refreshToken)
      const first = await use('/api/item')
      const second = await use('/api/item')

      assertEqual(first.what, 'AuthenticationError expired', 'The use')
      assertEqual(second.what, 'AuthenticationError expired', 'The next use')
      assertEqual(sent('/api/item'), 1, 'Requests')
      assertEqual(issuer.tokenPosts, 1, 'Token requests')
      assertEqual(session.state.status, 'expired', 'The session')
      assertEqual((await session.tokens())?.refreshToken, tokens.refreshToken, 'The refresh token that is kept')
    },
  },
]

function failAndRecover(fault: Fault, expected: string): TransportPromise['play'] {
  return async ({ issuer, session, clock, tokens, use, sent }) => {
    issuer.faults.next(fault)
    issuer.revokeAccessToken(tokens.accessToken)
    const failed = await use('/api/item')
    assertEqual(failed.what, expected, 'The use')
    assertEqual(sent('/api/item'), 1, 'Requests')
    assertEqual(session.state.status, 'active', 'The session')

    clock.jump(3_600_000)
    const later = await use('/api/item')
    assertEqual(later.what, 'ok', 'The use an hour later')
    assertEqual(issuer.tokenPosts, 2, 'Token requests')
  }
}
