import { createClock } from '@reauth/testkit'
import type { Scheduler } from 'fast-check'
import { expect } from 'vitest'

import type { AcquireOptions, Credential } from '../../src/credential.ts'
import { isReauthError } from '../../src/errors.ts'
import { createSession } from '../../src/session.ts'
import type { SessionState } from '../../src/session-state.ts'
import { createRaceIssuer, lifetimeMs, type Outcome } from './race-issuer.ts'

/**
 * What one of the callers does next. `refuse` and `final` name one of the credentials seen so far, from the latest;
 * `again` signs in with one of the token sets that the issuer gave so far.
 */
export type Step =
  | { do: 'acquire' | 'early' | 'leave' | 'request' | 'refresh' | 'signOut' | 'expire' | 'revoke' }
  | { do: 'signIn'; identity: 'alice' | 'bob' }
  | { do: 'refuse' | 'final' | 'again'; back: number }

export interface RaceWorld {
  /** Takes one step of one caller; throws where an invariant does not hold. */
  take(step: Step): Promise<void>
  advance(ms: number): Promise<void>
  /** Disposes the session; throws where something is left or a token was told. */
  end(): Promise<void>
}

/** Returns a session at an issuer whose requests travel as the scheduler pleases, and the invariants of both. */
export function createRaceWorld(scheduler: Scheduler, outcomes: readonly Outcome[], isStrict: boolean): RaceWorld {
  const clock = createClock(0, { settle: () => Promise.resolve() })
  const said: unknown[] = []
  const seen: Credential[] = []
  const refusedVersions = new Set<number>()
  const problems: string[] = []
  let isAgain = false
  let allowed: 'signIn' | 'signOut' | 'expire' | undefined

  const issuer = createRaceIssuer({
    scheduler,
    outcomes,
    now: () => clock.now(),
    presented({ reason, isUncertain, failedAt = -Infinity }) {
      if (reason === 'asked') return
      if (clock.now() - failedAt < 1000) problems.push('A refresh token was presented during the cooldown')
      if (isUncertain && isWorking()) problems.push('A token that may be spent was presented while another way works')
    },
  })
  const session = createSession({
    refresh: issuer.refresh,
    platform: clock,
    expireWhenRefused: isStrict,
    trace: (entry) => said.push(entry),
  })

  /** Whether an access token has not lapsed and no server refused it, as far as the client can know. */
  function isWorking(state = session.state): boolean {
    if (state.status !== 'active' || refusedVersions.has(state.version)) return false
    return state.expiresAt === undefined || clock.now() < state.expiresAt
  }

  let before: SessionState = session.state
  session.subscribe(() => {
    judge(before, session.state)
    before = session.state
    said.push(before)
  })

  /** I4, I5 and I6: who may move the state where. */
  function judge(from: SessionState, to: SessionState): void {
    const whoseOf = (state: SessionState): unknown => ('epoch' in state ? [state.epoch, state.identity] : [])
    const move = `${from.status} → ${to.status}`
    if (to.status === 'signed-out' && allowed !== 'signOut') problems.push(`${move} without a sign-out`)
    if (from.status === 'signed-out' && allowed !== 'signIn') problems.push(`${move} without a sign-in`)
    const isOther = JSON.stringify(whoseOf(from)) !== JSON.stringify(whoseOf(to))
    if (isOther && allowed !== 'signIn' && allowed !== 'signOut') problems.push(`${move}: somebody else's, unasked`)
    if (to.status === 'expired' && allowed !== 'expire' && isWorking(from)) problems.push(`${move}: the token works`)
    const isVerdict =
      to.status === 'expired' && (to.error.reason === 'refused' ? isStrict : isAgain || issuer.rejected.size > 0)
    if (to.status === 'expired' && allowed !== 'expire' && !isVerdict) problems.push(`${move} without a verdict`)
  }

  /** Runs what moves the state synchronously. */
  async function allow(what: typeof allowed, act: () => Promise<unknown> | void): Promise<void> {
    allowed = what
    const done = act()
    allowed = undefined
    await done
  }

  /** What is held belongs to whom it is shown as, whole and in one piece (I4, I9). */
  async function inspect(): Promise<void> {
    const { state } = session
    const tokens = await session.tokens()
    if (state.status !== 'active' && state.status !== 'expired') {
      expect(tokens, 'tokens of nobody').toBeUndefined()
      return
    }
    expect(tokens?.refreshToken, 'the refresh token').toBeDefined()
    expect(issuer.identityOf(tokens?.accessToken), 'whose tokens they are').toBe(state.identity)
  }

  /** Waits for a credential as an adapter does; a failure has to be one of ours, and for a reason (I6, I7). */
  async function obtain(options: AcquireOptions = {}): Promise<Credential | undefined> {
    const { refused, final = false, signal } = options
    const { calls } = issuer
    const { state } = session
    const isOld = refused !== undefined && state.status === 'active' && refused.version < state.version
    const isFresh = isWorking() && state.status === 'active' && clock.now() < (state.expiresAt ?? Infinity) - 30_000
    if (refused !== undefined && 'version' in state && refused.version === state.version) {
      refusedVersions.add(refused.version)
    }
    const wasWorking = isWorking()
    const waiting = session.acquire(options)
    if ((isOld && isFresh) || final) expect(issuer.calls, 'I2: refreshes for an old refusal').toBe(calls)
    try {
      const credential = await waiting
      said.push({ ...credential, accessToken: undefined })
      seen.push(credential)
      expect(issuer.identityOf(credential.accessToken), 'I4: whose token it is').toBe(credential.identity)
      if (refused !== undefined) expect(credential.epoch, 'I4: the epoch of a replay').toBe(refused.epoch)
      if (refused !== undefined) expect(credential.version, 'a newer one').toBeGreaterThan(refused.version)
      return credential
    } catch (error) {
      if (signal?.aborted === true && error === signal.reason) return undefined
      if (!isReauthError(error)) throw error
      said.push(error)
      const isLeft = 'epoch' in state && 'epoch' in session.state && state.epoch === session.state.epoch
      if (error.name === 'RefreshError' && refused === undefined && wasWorking && isLeft && isWorking()) {
        throw new Error('I6: a failed early refresh disturbed a token that works', { cause: error })
      }
      return undefined
    }
  }

  /** The whole of an adapter: two requests at the most (I3). */
  async function request(): Promise<void> {
    const send = async ({ accessToken }: Credential): Promise<boolean> => {
      await scheduler.schedule(Promise.resolve(), 'call')
      const isTaken = issuer.takes(accessToken)
      await scheduler.schedule(Promise.resolve(), 'its answer')
      return isTaken
    }
    const first = await obtain()
    if (first === undefined || (await send(first))) return
    const second = await obtain({ refused: first })
    if (second === undefined || (await send(second))) return
    expect(await obtain({ refused: second, final: true }), 'what comes after two refusals').toBeUndefined()
  }

  const perform = async (step: Step): Promise<unknown> => {
    switch (step.do) {
      case 'acquire':
        return obtain()
      case 'early':
        return obtain({ minValidityMs: lifetimeMs })
      case 'leave': {
        const giveUp = new AbortController()
        void scheduler.schedule(Promise.resolve(), 'leave').then(() => giveUp.abort('bye'))
        return obtain({ signal: giveUp.signal })
      }
      case 'request':
        return request()
      case 'refresh':
        return session.refresh().catch((error: unknown) => said.push(error))
      case 'signOut':
        return allow('signOut', () => session.signOut())
      case 'expire':
        return allow('expire', () => {
          session.expire()
        })
      case 'revoke':
        return issuer.revokeAccess((await session.tokens())?.accessToken)
      case 'signIn':
        return allow('signIn', () => session.signIn(issuer.signIn(step.identity)))
      case 'again': {
        const tokens = issuer.given.at(-1 - step.back)
        isAgain = true
        return tokens && allow('signIn', () => session.signIn(tokens))
      }
      case 'refuse':
      case 'final': {
        const refused = seen.at(-1 - step.back)
        return refused && obtain({ refused, final: step.do === 'final' })
      }
      default:
        return step satisfies never
    }
  }

  return {
    async take(step) {
      await perform(step)
      await inspect()
      expect(problems).toEqual([])
    },
    advance: (ms) => clock.advance(ms),
    async end() {
      const disposed = session[Symbol.asyncDispose]()
      await clock.advance(90_000)
      await disposed
      await inspect()
      expect(problems).toEqual([])
      expect(issuer.misuse, 'I1').toEqual([])
      expect(clock.pending, 'timers').toBe(0)
      expect(JSON.stringify([said, session.state, session.signal.reason]), 'I8').not.toContain('secret')
    },
  }
}
