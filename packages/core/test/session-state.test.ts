import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Credential } from '../src/credential.ts'
import { AuthenticationError } from '../src/errors.ts'
import { type Holding, initial, isSignedIn, type SessionEvent, transition } from '../src/session-state.ts'
import type { TokenSet } from '../src/token-set.ts'

const at = 1_000_000
const error = new AuthenticationError('over', { reason: 'expired' })

function signedIn(tokens: Partial<TokenSet> = {}, identity?: string): SessionEvent {
  return { type: 'signed-in', tokens: { accessToken: 'A1', refreshToken: 'R1', ...tokens }, identity, at }
}

function refreshed(from: { epoch: number; version: number }, tokens: Partial<TokenSet> = {}): SessionEvent {
  return { type: 'refreshed', from, tokens: { accessToken: 'A2', ...tokens }, identity: undefined, at, reason: 'stale' }
}

function credentialOf(holding: Holding): Credential {
  if (!isSignedIn(holding)) throw new Error('Nobody is signed in')
  return holding.credential
}

const active = transition(initial, signedIn({}, 'alice'))
const expired = transition(active, { type: 'expired', from: active, error })
const signedOut = transition(active, { type: 'signed-out' })

describe('transition', () => {
  const stranger = { epoch: 9, version: 9 }
  it.each<[string, Holding, SessionEvent, string]>([
    ['signed-out', initial, signedIn(), 'active'],
    ['active', active, signedIn(), 'active'],
    ['expired', expired, signedIn(), 'active'],
    ['active', active, { type: 'signed-out' }, 'signed-out'],
    ['expired', expired, { type: 'signed-out' }, 'signed-out'],
    ['active', active, refreshed(active), 'active'],
    ['expired', expired, refreshed(expired), 'active'],
    ['active', active, { type: 'expired', from: active, error }, 'expired'],
    ['active', active, { type: 'noted', from: active, notes: { refused: true } }, 'active'],
    ['expired', expired, { type: 'noted', from: expired, notes: { refused: true } }, 'expired'],
  ])('moves %s', (_, holding, event, status) => {
    const next = transition(holding, event)
    expect(next.status).toBe(status)
    expect(next).not.toBe(holding)
  })

  it.each<[string, Holding, SessionEvent]>([
    ['a sign-out of nobody', initial, { type: 'signed-out' }],
    ['a refresh of nobody', signedOut, refreshed(active)],
    ['a note about nobody', signedOut, { type: 'noted', from: active, notes: { refused: true } }],
    ['an expiry of nobody', signedOut, { type: 'expired', from: active, error }],
    ['a refresh of another token set', active, refreshed(stranger)],
    ['a refresh of another version', active, refreshed({ ...active, version: 7 })],
    ['a refresh of another epoch', active, refreshed({ ...active, epoch: 7 })],
    ['a note about another token set', expired, { type: 'noted', from: stranger, notes: { refused: true } }],
    ['an expiry of another token set', active, { type: 'expired', from: stranger, error }],
    ['a second expiry', expired, { type: 'expired', from: expired, error }],
  ])('returns the same reference for %s', (_, holding, event) => {
    expect(transition(holding, event)).toBe(holding)
  })

  it('keeps the epoch for a sign-in of the same identity', () => {
    expect(transition(active, signedIn({}, 'alice'))).toMatchObject({ epoch: active.epoch, version: 2 })
    expect(transition(expired, signedIn({}, 'alice'))).toMatchObject({ epoch: active.epoch, version: 2 })
  })

  it.each([['bob'], [undefined]])('starts an epoch for a sign-in of %s after alice', (identity) => {
    expect(transition(active, signedIn({}, identity)).epoch).toBe(active.epoch + 1)
  })

  it('starts an epoch for every sign-in of nobody in particular', () => {
    const anonymous = transition(initial, signedIn())
    expect(transition(anonymous, signedIn()).epoch).toBe(anonymous.epoch + 1)
  })

  it('starts an epoch for a sign-in after a sign-out, whoever it is', () => {
    const again = transition(signedOut, signedIn({}, 'alice'))
    expect(again.epoch).toBeGreaterThan(signedOut.epoch)
    expect(signedOut.epoch).toBeGreaterThan(active.epoch)
  })

  it('forgets with a new token set what was learned of the old one', () => {
    const noted = transition(active, { type: 'noted', from: active, notes: { refused: true, struckUntil: 5 } })
    expect(transition(noted, refreshed(noted))).toMatchObject({ notes: {} })
    expect(transition(noted, signedIn({}, 'alice'))).toMatchObject({ notes: {} })
  })

  it('adds to what is noted and takes nothing away', () => {
    const once = transition(active, { type: 'noted', from: active, notes: { refused: true } })
    expect(transition(once, { type: 'noted', from: once, notes: { struckUntil: 5 } })).toMatchObject({
      notes: { refused: true, struckUntil: 5 },
    })
  })

  it('shows the same reference while nothing that is shown changes', () => {
    const noted = transition(active, { type: 'noted', from: active, notes: { refused: true } })
    expect(noted.shown).toBe(active.shown)
  })
})

describe('what is held', () => {
  it.each<[string, Partial<TokenSet>, number | undefined]>([
    ['a lifetime counted from receipt', { expiresInMs: 60_000 }, at + 60_000],
    ['a lifetime before an instant', { expiresInMs: 60_000, expiresAt: at + 5 }, at + 60_000],
    ['an instant', { expiresAt: at + 5 }, at + 5],
    ['nothing', {}, undefined],
    ['an instant that has passed, for a set that was restored', { expiresAt: at - 5 }, at - 5],
    ['no lifetime of 0, since an issuer mints no dead tokens', { expiresInMs: 0 }, undefined],
  ])('lapses by %s', (_, tokens, expiresAt) => {
    expect(credentialOf(transition(initial, signedIn(tokens))).expiresAt).toBe(expiresAt)
  })

  it('uses a token that was just minted even if it looks expired', () => {
    const next = transition(active, refreshed(active, { expiresAt: at - 5 }))
    expect(credentialOf(next).expiresAt).toBeUndefined()
  })

  it.each([
    [undefined, 'Bearer'],
    ['bearer', 'Bearer'],
    ['BEARER', 'Bearer'],
    ['dpop', 'DPoP'],
    ['MAC', 'MAC'],
  ])('sends token type %s as %s', (tokenType, scheme) => {
    const tokens = tokenType === undefined ? {} : { tokenType }
    expect(credentialOf(transition(initial, signedIn(tokens))).tokenType).toBe(scheme)
  })

  it('shows no token', () => {
    for (const holding of [active, expired, signedOut]) expect(JSON.stringify(holding.shown)).not.toMatch(/A1|R1/)
  })
})

describe('any run of events', () => {
  const identity = fc.constantFrom('alice', 'bob', undefined)
  const stamp = fc.record({ epoch: fc.nat(4), version: fc.nat(4) })
  const token = fc.constantFrom('R1', 'R2')
  const event: fc.Arbitrary<(held: Holding) => SessionEvent> = fc.oneof(
    fc.tuple(identity, token).map(
      ([who, refreshToken]) =>
        () =>
          signedIn({ refreshToken }, who),
    ),
    fc.constant((): SessionEvent => ({ type: 'signed-out' })),
    token.map((refreshToken) => (held: Holding) => refreshed(held, { refreshToken })),
    stamp.map((from) => () => refreshed(from)),
    fc.constant((held: Holding): SessionEvent => ({ type: 'expired', from: held, error })),
    stamp.map((from) => (): SessionEvent => ({ type: 'expired', from, error })),
    stamp.map((from) => (): SessionEvent => ({ type: 'noted', from, notes: { refused: true } })),
    fc.nat(9).map((struckUntil) => (from: Holding): SessionEvent => ({ type: 'noted', from, notes: { struckUntil } })),
  )

  it('never throws, and epoch and version only grow', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        events.reduce((held, make) => {
          const next = transition(held, make(held))
          expect(next.epoch).toBeGreaterThanOrEqual(held.epoch)
          expect(next.version).toBeGreaterThanOrEqual(held.version)
          const isNewSet = 'tokens' in next && (!('tokens' in held) || next.tokens !== held.tokens)
          expect(next.version > held.version).toBe(isNewSet)
          return next
        }, initial)
      }),
    )
  })

  it('shows what it holds', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const held = events.reduce((before, make) => transition(before, make(before)), initial)
        expect(held.shown.status).toBe(held.status)
        if (!isSignedIn(held)) return
        const { epoch, version, credential } = held
        expect(credential).toMatchObject({ epoch, version })
        expect(held.shown).toMatchObject({ epoch, version })
        expect('identity' in held.shown ? held.shown.identity : undefined).toBe(credential.identity)
      }),
    )
  })
})
