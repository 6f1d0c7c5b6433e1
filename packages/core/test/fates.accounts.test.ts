import { describe, expect, it } from 'vitest'

import { AuthenticationError, authenticationError, RefreshError } from '../src/errors.ts'
import { createFates, type Failure, type Fate } from '../src/fates.ts'

const token = { epoch: 1, tokens: { refreshToken: 'R' } }

const failed = (how: Partial<Failure> = {}): Failure => ({
  error: new RefreshError('Later', { reason: 'unavailable', retryAfterMs: 5 }),
  attempts: 1,
  at: 0,
  until: 1000,
  retryAt: 0,
  ...how,
})

/** Returns what one makes of an account that another has stored. */
function learn(known: Fate[], stored: Fate): Fate {
  const fates = createFates()
  for (const news of known) fates.add(token, news)
  fates.learn(token, JSON.parse(JSON.stringify(stored)) as Fate)
  return fates.of(token)
}

describe('an account of a refresh token that somebody else has stored', () => {
  it('replaces an earlier one', () => {
    expect(learn([{ lost: true, failure: failed() }], { revision: 2 })).toEqual({ revision: 2 })
  })

  it('is nothing to one who knows better', () => {
    expect(learn([{}, {}, { lost: true }], { revision: 2 })).toEqual({ revision: 3, lost: true })
    expect(learn([{ lost: true }], {})).toEqual({ revision: 1, lost: true })
  })

  it('changes nothing where it is the same', () => {
    expect(learn([{ lost: true }], { revision: 1, lost: true })).toEqual({ revision: 1, lost: true })
  })

  it('keeps its number where it brings nothing that was not in it, so that two do not go on telling each other', () => {
    const account = { revision: 1, dead: true, lost: true, failure: failed({ retryAt: 500 }) } as const
    for (const known of [[], [{ dead: true }], [{ lost: true }], [{ failure: failed({ retryAt: 500 }) }]] as Fate[][]) {
      expect(learn(known, account)).toEqual(account)
      expect(learn(known, { ...account, revision: 9 })).toEqual({ ...account, revision: 9 })
    }
  })

  it('does not cost the cause of a failure where it is the own one', () => {
    const fates = createFates()
    const { error } = failed({ error: new RefreshError('Lost', { reason: 'lost', cause: new Error('Socket') }) })
    fates.add(token, { failure: failed({ error }) })
    fates.learn(token, JSON.parse(JSON.stringify(fates.of(token))) as Fate)
    expect(fates.of(token).failure?.error).toBe(error)
  })

  it('brings its failure back as an error', () => {
    const { failure } = learn([], { revision: 1, failure: failed({ attempts: 3 }) })
    expect(failure?.error).toBeInstanceOf(RefreshError)
    expect(failure).toMatchObject({ attempts: 3, error: { reason: 'unavailable', retryAfterMs: 5, message: 'Later' } })
    const rejected = learn([], { revision: 1, failure: failed({ error: authenticationError('expired') }) })
    expect(rejected.failure?.error).toBeInstanceOf(AuthenticationError)
    expect(rejected.failure?.error).toMatchObject({ name: 'AuthenticationError', code: 401, reason: 'expired' })
  })

  it('never brings a dead token back, however late it is', () => {
    expect(learn([{ dead: true }], { revision: 9, lost: true })).toMatchObject({ dead: true, lost: true })
  })

  it('does not undo what was learned at the same time: a lost answer, a failure', () => {
    const failure = failed()
    expect(learn([{ lost: true }], { revision: 1, claim: { owner: 'another', at: 5 } })).toMatchObject({
      lost: true,
      claim: { owner: 'another' },
    })
    expect(learn([{ failure }], { revision: 1 })).toMatchObject({ failure })
    expect(learn([{ failure }], { revision: 1, failure: failed({ attempts: 2 }) }).failure?.attempts).toBe(2)
  })

  it('undoes what it was later than: the issuer has answered', () => {
    const known = learn([{ lost: true, failure: failed() }], { revision: 5 })
    expect(known.lost).toBeUndefined()
    expect(known.failure).toBeUndefined()
  })

  it('never makes the wait shorter that an issuer asked for', () => {
    const stored = { revision: 9, failure: failed({ attempts: 4, retryAt: 1000 }) }
    expect(learn([{ failure: failed({ retryAt: 60_000 }) }], stored).failure).toMatchObject({
      attempts: 4,
      retryAt: 60_000,
    })
    expect(learn([{ failure: failed({ retryAt: 500 }) }], stored).failure).toMatchObject({ attempts: 4, retryAt: 1000 })
  })
})
