import { status } from '../answer-faults.ts'
import { holdAnswer } from '../gate.ts'
import { assertEqual } from './assert-equal.ts'
import type { TransportPromise } from './promise.ts'
import type { Outcome, Stage } from './stage.ts'

/** What happens when a server says 401, early, late or for ever. */
export const refusals: readonly TransportPromise[] = [
  {
    title: 'renews once for all that are refused at the same time',
    async play({ issuer, tokens, use }) {
      const gate = issuer.apiFaults.next(holdAnswer(), 5)
      issuer.revokeAccessToken(tokens.accessToken)
      const uses = Array.from({ length: 5 }, () => use('/api/item'))
      await gate.reached(5)
      gate.release()

      for (const { what } of await Promise.all(uses)) assertEqual(what, 'ok', 'A use')
      assertEqual(issuer.tokenPosts, 1, 'Token requests')
    },
  },
  {
    title: 'survives a late refusal of a credential that was renewed meanwhile, at no cost',
    async play(stage) {
      const [early, late] = await refuseEarlyAndLate(stage)

      assertEqual(early.what, 'ok', 'The early use')
      assertEqual(late.what, 'ok', 'The late use')
      assertEqual(stage.issuer.tokenPosts, 1, 'Token requests')
    },
  },
  {
    title: 'shares a failed refresh with whatever is refused late',
    async play(stage) {
      stage.issuer.faults.next(status(503))
      const [early, late] = await refuseEarlyAndLate(stage)

      assertEqual(early.what, 'RefreshError unavailable', 'The early use')
      assertEqual(late.what, 'RefreshError unavailable', 'The late use')
      assertEqual(stage.issuer.tokenPosts, 1, 'Token requests')
    },
  },
  {
    title: 'gives up on what is refused twice, without a third request or a second refresh',
    async play({ issuer, session, use, sent }) {
      const { what } = await use('/api/refused')

      assertEqual(what, 'AuthenticationError refused', 'The use')
      assertEqual(sent('/api/refused'), 2, 'Requests')
      assertEqual(issuer.tokenPosts, 1, 'Token requests')
      assertEqual(session.state.status, 'active', 'The session')
    },
  },
  {
    title: 'costs no further refresh where the renewed credential is refused again',
    async play({ issuer, use }) {
      await use('/api/refused')
      const again = await use('/api/refused')
      const elsewhere = await use('/api/item')

      assertEqual(again.what, 'AuthenticationError refused', 'The second use')
      assertEqual(elsewhere.what, 'ok', 'The use of another resource')
      assertEqual(issuer.tokenPosts, 1, 'Token requests')
    },
  },
  {
    title: 'takes a denial for an answer: no refresh, no second request',
    async play({ issuer, session, use, sent }) {
      const { what } = await use('/api/denied')

      assertEqual(what, 'denied', 'The use')
      assertEqual(sent('/api/denied'), 1, 'Requests')
      assertEqual(issuer.tokenPosts, 0, 'Token requests')
      assertEqual(session.state.status, 'active', 'The session')
    },
  },
]

/** Sends two requests under one credential, and lets the refusal of the second arrive when the first is through. */
async function refuseEarlyAndLate({ issuer, tokens, use }: Stage): Promise<[early: Outcome, late: Outcome]> {
  const earlyGate = issuer.apiFaults.next(holdAnswer())
  const lateGate = issuer.apiFaults.next(holdAnswer())
  issuer.revokeAccessToken(tokens.accessToken)
  const early = use('/api/early')
  await earlyGate.arrived
  const late = use('/api/late')
  await lateGate.arrived
  earlyGate.release()
  await early
  lateGate.release()
  return [await early, await late]
}
