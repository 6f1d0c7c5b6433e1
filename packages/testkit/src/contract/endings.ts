import { hold, holdAnswer } from '../gate.ts'
import { settle } from '../settle.ts'
import { assertEqual } from './assert-equal.ts'
import type { TransportPromise } from './promise.ts'
import type { Stage } from './stage.ts'

type Ending = (stage: Stage) => void

const signOut: Ending = ({ session }) => void session.signOut()

const switchIdentity: Ending = ({ session, issuer }) => void session.signIn(issuer.signIn({ identity: 'bob' }).tokens)

/** What happens to work under way when the session ends, or becomes somebody else's. */
export const endings: readonly TransportPromise[] = [
  {
    title: 'ends what is in flight when the session expires',
    play: endInFlight(({ session }) => {
      session.expire()
    }, 'AuthenticationError expired'),
  },
  {
    title: 'ends what is in flight when the user signs out',
    play: endInFlight(signOut, 'AuthenticationError signed-out'),
  },
  {
    title: 'ends what waits for a refresh when the user signs out',
    play: endDuringRefresh(signOut, 'AuthenticationError signed-out'),
  },
  {
    title: 'ends what is in flight when another identity signs in',
    play: endInFlight(switchIdentity, 'AuthenticationError switched'),
  },
  {
    title: 'replays nothing as another identity that signs in during the refresh',
    play: endDuringRefresh(switchIdentity, 'AuthenticationError switched'),
  },
  {
    title: 'goes on with the tokens of a new sign-in by the same identity',
    async play({ issuer, session, tokens, use }) {
      const gate = issuer.apiFaults.next(holdAnswer())
      issuer.revokeAccessToken(tokens.accessToken)
      const using = use('/api/item')
      await gate.arrived
      await session.signIn(issuer.signIn({ identity: 'alice' }).tokens)
      gate.release()

      assertEqual((await using).what, 'ok', 'The use')
      assertEqual(issuer.tokenPosts, 0, 'Token requests')
    },
  },
]

function endInFlight(end: Ending, expected: string): TransportPromise['play'] {
  return async (stage) => {
    const { issuer, tokens, use } = stage
    const gate = issuer.apiFaults.next(holdAnswer())
    issuer.revokeAccessToken(tokens.accessToken)
    const using = use('/api/item')
    await gate.arrived
    end(stage)

    assertEqual((await using).what, expected, 'The use')
    gate.release()
    await assertNothingFollows(stage, 0)
  }
}

function endDuringRefresh(end: Ending, expected: string): TransportPromise['play'] {
  return async (stage) => {
    const { issuer, tokens, use } = stage
    const gate = issuer.faults.next(hold())
    issuer.revokeAccessToken(tokens.accessToken)
    const using = use('/api/item')
    await gate.arrived
    end(stage)

    assertEqual((await using).what, expected, 'The use')
    gate.release()
    await assertNothingFollows(stage, 1)
  }
}

async function assertNothingFollows({ issuer, sent }: Stage, tokenPosts: number): Promise<void> {
  await settle()
  assertEqual(sent('/api/item'), 1, 'Requests')
  assertEqual(issuer.tokenPosts, tokenPosts, 'Token requests')
}
