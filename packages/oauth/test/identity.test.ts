import { createSession, memoryStorage, type Session, type TokenSet, type TokenStorage } from '@reauth/core'
import { drafts, type Drafts } from '@reauth/core/stash'
import { describe, expect, it, onTestFinished } from 'vitest'

import { createOAuth } from '../src/create-oauth.ts'
import { clientId, type ServedProvider, serveProvider } from './support/provider.ts'
import { visit } from './support/visit.ts'

const redirectUri = 'http://127.0.0.1:4711/callback'
const place = { server: 'https://api.test', place: 'room 1' }

interface Tab {
  readonly provider: ServedProvider
  readonly storage: TokenStorage
  /** The session of the page that is open: as after a reload, nothing is shared with the one before but the storage. */
  open(): Session
  draft(): Drafts
  /** A whole round trip, in a page of its own. */
  signIn(session: Session, as: string): Promise<void>
}

async function openTab(): Promise<Tab> {
  const provider = await serveProvider({ redirectUris: [redirectUri] })
  onTestFinished(() => provider.close())
  const storage = memoryStorage()
  const create = () =>
    createOAuth({ issuer: provider.origin, clientId, redirectUri, storage, allowInsecureRequests: true })
  return {
    provider,
    storage,
    open() {
      const session = createSession({ refresh: create().refresh, storage, origins: [provider.origin] })
      onTestFinished(() => session[Symbol.asyncDispose]())
      return session
    },
    draft: () => drafts({ storage }),
    async signIn(session, as) {
      const back = await visit(await create().authorize({ returnTo: '/rooms/1', parameters: { login_hint: as } }))
      const signedIn = await create().handleCallback(back)
      expect(signedIn?.returnTo).toBe('/rooms/1')
      await session.signIn(signedIn?.tokens as TokenSet)
    },
  }
}

function identityOf({ state }: Session): string {
  const identity = 'identity' in state ? state.identity : undefined
  if (identity === undefined) throw new Error(`Nobody is known: ${state.status}`)
  return identity
}

describe('who has signed in', () => {
  it('is told by the ID token, as issuer and subject', async () => {
    const { provider, open, signIn } = await openTab()
    const session = open()
    await signIn(session, 'alice')
    const alice = identityOf(session)
    expect(alice).toBe(`${provider.origin}#alice`)
    await session.refresh()
    expect(identityOf(session)).toBe(alice)
    await signIn(session, 'bob')
    expect(identityOf(session)).toBe(`${provider.origin}#bob`)
  })

  it('is a new period of the session where it is another, and the same where it is the same', async () => {
    const { open, signIn } = await openTab()
    const session = open()
    await signIn(session, 'alice')
    await signIn(session, 'alice')
    expect(session.state).toMatchObject({ epoch: 1, version: 2 })
    await signIn(session, 'bob')
    expect(session.state).toMatchObject({ epoch: 2 })
  })
})

describe('a draft', () => {
  it('is there for its writer after the round trip, once', async () => {
    const { open, draft, signIn, provider } = await openTab()
    const before = open()
    await signIn(before, 'alice')
    await draft().save({ ...place, identity: identityOf(before) }, 'Dear Bob')
    provider.endGrantsOf('alice')
    before.expire()
    const after = open()
    await signIn(after, 'alice')
    expect(await draft().take({ ...place, identity: identityOf(after) })).toBe('Dear Bob')
    expect(await draft().take({ ...place, identity: identityOf(after) })).toBeUndefined()
  })

  it('of one user is never shown to another, who may write one of their own', async () => {
    const { open, draft, signIn } = await openTab()
    const session = open()
    await signIn(session, 'alice')
    const alice = identityOf(session)
    await draft().save({ ...place, identity: alice }, 'Bob must not read this')
    session.expire()
    // The key of one who has expired is that one's still.
    expect(identityOf(session)).toBe(alice)
    await signIn(session, 'bob')
    const bob = identityOf(session)
    expect(await draft().take({ ...place, identity: bob })).toBeUndefined()
    await draft().save({ ...place, identity: bob }, 'Nor Alice this')
    await session.signOut()
    await signIn(session, 'alice')
    expect(identityOf(session)).toBe(alice)
    expect(await draft().take({ ...place, identity: identityOf(session) })).toBe('Bob must not read this')
    await signIn(session, 'bob')
    expect(await draft().take({ ...place, identity: identityOf(session) })).toBe('Nor Alice this')
  })

  it('of one subject is not shown to the same subject of another issuer', async () => {
    const [one, other] = [await openTab(), await openTab()]
    const [session, stranger] = [one.open(), other.open()]
    await one.signIn(session, 'alice')
    await other.signIn(stranger, 'alice')
    await one.draft().save({ ...place, identity: identityOf(session) }, 'Mine')
    expect(await one.draft().take({ ...place, identity: identityOf(stranger) })).toBeUndefined()
    expect(await one.draft().take({ ...place, identity: identityOf(session) })).toBe('Mine')
  })
})
