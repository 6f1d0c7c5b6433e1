import { hold, holdAnswer } from '../gate.ts'
import { assertEqual } from './assert-equal.ts'
import type { TransportPromise } from './promise.ts'

/** What happens when one caller gives up. */
export const aborts: readonly TransportPromise[] = [
  {
    title: 'ends the wait of the caller who gives up, with the reason given, and of nobody else',
    async play({ issuer, tokens, use }) {
      const gate = issuer.faults.next(hold())
      const giveUp = new AbortController()
      const reason = new Error('Changed my mind')
      issuer.revokeAccessToken(tokens.accessToken)
      const mine = use('/api/mine', giveUp.signal)
      const theirs = use('/api/theirs')
      await gate.arrived
      giveUp.abort(reason)

      assertEqual((await mine).error, reason, 'What the caller gets')
      gate.release()
      assertEqual((await theirs).what, 'ok', 'The other use')
      assertEqual(issuer.tokenPosts, 1, 'Token requests')
    },
  },
  {
    title: 'ends a request of the caller who gives up, with the reason given',
    async play({ issuer, session, use }) {
      const gate = issuer.apiFaults.next(holdAnswer())
      const giveUp = new AbortController()
      const reason = new Error('Changed my mind')
      const using = use('/api/item', giveUp.signal)
      await gate.arrived
      giveUp.abort(reason)

      assertEqual((await using).error, reason, 'What the caller gets')
      gate.release()
      assertEqual(issuer.tokenPosts, 0, 'Token requests')
      assertEqual(session.state.status, 'active', 'The session')
    },
  },
  {
    title: 'sends nothing for a caller who has given up before',
    async play({ issuer, use }) {
      const reason = new Error('Changed my mind')
      const { error } = await use('/api/item', AbortSignal.abort(reason))

      assertEqual(error, reason, 'What the caller gets')
      assertEqual(issuer.exchanges.length, 0, 'Requests')
    },
  },
]
