import { type Clock, createHarness, type Issuer, type IssuerOptions } from '@reauth/testkit'
import { onTestFinished } from 'vitest'

import type { AcquireOptions, Credential } from '../../src/credential.ts'
import { createSession, type Session } from '../../src/session.ts'
import type { SessionOptions } from '../../src/session-options.ts'
import type { Refresh, RefreshOption } from '../../src/strategies.ts'
import type { TokenSet } from '../../src/token-set.ts'
import type { TraceEntry } from '../../src/trace.ts'

/** How the session and its issuer behave. */
export interface StageOptions extends Partial<SessionOptions> {
  issuing?: Omit<IssuerOptions, 'clock'>
  /** Makes the option `refresh` of the issuer's. @default the issuer's alone */
  strategies?: (refresh: Refresh) => RefreshOption
  /** The jitter. @default 0 */
  random?: number
}

/** A session at a strict issuer, on a clock that stands still. */
export interface Stage {
  readonly clock: Clock
  readonly issuer: Issuer
  readonly session: Session
  readonly entries: TraceEntry[]
  /** Signs in at the issuer and in the session; returns the credential. */
  signIn(identity?: string, tokens?: Partial<TokenSet>): Promise<Credential>
  /** Acquires, and remembers the promise, which has to settle before the test ends. */
  acquire(options?: AcquireOptions): Promise<Credential>
  /** Says that a server refused a credential. */
  refuse(refused: Credential, final?: boolean): Promise<Credential>
}

/** Returns a stage. After the test the session is disposed and everything has to be in order, see the testkit. */
export function createStage(stageOptions: StageOptions = {}): Stage {
  const { issuing, strategies = (refresh) => refresh, random = 0, ...options } = stageOptions
  const { clock, issuer, track, verify } = createHarness(issuing)
  const entries: TraceEntry[] = []
  const session = createSession({
    refresh: strategies(issuer.refresh),
    platform: { ...clock, random: () => random },
    trace: (entry) => entries.push(entry),
    ...options,
  })

  onTestFinished(async () => {
    await session[Symbol.asyncDispose]()
    await verify()
  })

  const acquire: Stage['acquire'] = (asked) => track(session.acquire(asked), 'acquire()')

  return {
    clock,
    issuer,
    session,
    entries,
    async signIn(identity = 'alice', tokens = {}) {
      await session.signIn({ ...issuer.signIn({ identity }).tokens, ...tokens })
      return session.acquire()
    },
    acquire,
    refuse: (refused, final = false) => acquire({ refused, final }),
  }
}
