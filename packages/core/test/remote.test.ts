import { EventEmitter } from 'node:events'

import { describe, expect, it, vi } from 'vitest'

import {
  AuthenticationError,
  authenticationError,
  isReauthError,
  PermissionDeniedError,
  RefreshError,
} from '../src/errors.ts'
import { originMatcher } from '../src/origins.ts'
import { connectSession, type EmitterPort, exposeSession, type RemotePort } from '../src/remote.ts'
import type { SessionEvents } from '../src/session-events.ts'
import { failureOf } from './support/failure-of.ts'
import { active, createOwner, credential } from './support/owner.ts'
import { connected, createWire } from './support/wire.ts'

const disposed = { name: 'RefreshError', reason: 'disposed' }
const ended = (status: 'signed-out' | 'expired' = 'signed-out'): AuthenticationError => authenticationError(status)

/** Two ends that lose what nobody listens to, as a Worker does, and give events as Electron's ports do. */
function createEmitters(): [near: EmitterPort & EventEmitter, far: EmitterPort & EventEmitter] {
  const ends = [new EventEmitter(), new EventEmitter()] as const
  const port = (index: 0 | 1): EmitterPort & EventEmitter =>
    Object.assign(ends[index], {
      postMessage(message: unknown) {
        const data: unknown = structuredClone(message)
        queueMicrotask(() => ends[1 - index]?.emit('message', { data, ports: [] }))
      },
    })
  return [port(0), port(1)]
}

describe('the first word', () => {
  it('finds the other end, whoever comes first', async () => {
    for (const order of ['expose', 'connect']) {
      const { near, far } = createWire()
      const { session } = createOwner()
      if (order === 'expose') exposeSession(session, near)
      const remote = connectSession(far)
      if (order === 'connect') exposeSession(session, near)
      expect(remote.state).toEqual({ status: 'loading' })
      expect(remote.origins('https://api.example.com/')).toBe(false)
      await remote.ready
      expect(remote.state).toEqual(active())
      expect(remote.origins('https://api.example.com/v1')).toBe(true)
      expect(remote.origins('https://evil.test/')).toBe(false)
    }
  })

  it('finds it where what nobody listens to is lost', async () => {
    for (const order of ['expose', 'connect']) {
      const [near, far] = createEmitters()
      const { session } = createOwner()
      if (order === 'expose') exposeSession(session, near)
      await Promise.resolve()
      const remote = connectSession(far)
      await Promise.resolve()
      if (order === 'connect') exposeSession(session, near)
      await remote.ready
      expect(remote.state).toEqual(active())
    }
  })

  it('is said at most twice', async () => {
    const { saidOf, near, quiet } = await connected(createOwner().session)
    const before = saidOf('hello').length
    near.postMessage({ reauth: 1, type: 'here' }, [])
    await quiet()
    expect(saidOf('hello')).toHaveLength(before)
    expect(saidOf('hello').length).toBeLessThanOrEqual(2)
    expect(saidOf('here')).toHaveLength(2)
    expect(saidOf('state')).toHaveLength(1)
  })

  it('waits while the session loads', async () => {
    const { session, move } = createOwner({ status: 'loading' })
    const { remote, quiet } = await connected(session)
    const isReady = vi.fn<() => void>()
    void remote.ready.then(isReady)
    await quiet()
    expect(isReady).not.toHaveBeenCalled()
    move(active())
    await remote.ready
    expect(remote.state).toEqual(active())
  })

  it('sends what was asked before it, in order', async () => {
    const { near, far } = createWire()
    const { session, asked, signIns } = createOwner()
    const remote = connectSession(far)
    const signedIn = remote.signIn({ accessToken: 'A' })
    const had = remote.acquire({ minValidityMs: 5 })
    exposeSession(session, near)
    await signedIn
    expect(signIns).toEqual([{ accessToken: 'A' }])
    asked[0]?.resolve(credential())
    expect(await had).toEqual(credential())
  })

  it('tells both ends if they speak different versions', async () => {
    const { near, far, quiet } = createWire()
    const { session, entries } = createOwner()
    exposeSession(session, near)
    far.postMessage({ reauth: 2, link: 'x', type: 'hello' }, [])
    await quiet()
    expect(entries).toEqual([{ type: 'warning', level: 'warn', reason: 'remote-version' }])

    const other = createWire()
    const remote = connectSession(other.far)
    const waiting = failureOf(remote.acquire())
    other.near.postMessage({ reauth: 2, type: 'here' }, [])
    expect(await waiting).toMatchObject({ reason: 'misconfigured', message: expect.stringContaining('version 2') })
    expect(await failureOf(remote.ready)).toBe(await waiting)
    expect(await failureOf(remote.acquire())).toBe(await waiting)
  })

  it('answers a hello of another version, so that its sender knows', async () => {
    const { near, far, saidOf, quiet } = createWire()
    exposeSession(createOwner().session, near)
    await quiet()
    far.postMessage({ reauth: 2, link: 'x', type: 'hello' }, [])
    await quiet()
    expect(saidOf('here')).toHaveLength(2)
    expect(saidOf('state')).toHaveLength(0)
  })
})

describe('exposeSession', () => {
  it('takes no session whose origins are a function, and says what to do', () => {
    const { session } = createOwner()
    const open = { ...session, origins: originMatcher(() => true) }
    expect(() => exposeSession(open, createWire().near)).toThrow(/"origins" as a list/)
  })

  it("takes the page's own origin for a list of one", async () => {
    vi.stubGlobal('location', { origin: 'https://app.example.com' })
    const { session } = createOwner()
    const { remote } = await connected({ ...session, origins: originMatcher() })
    vi.unstubAllGlobals()
    expect(remote.origins('https://app.example.com/api')).toBe(true)
    expect(remote.origins.list).toEqual(['https://app.example.com'])
  })

  it('refuses a window, to which anybody may post', () => {
    const window: RemotePort = Object.assign(new EventTarget(), { postMessage() {}, window: {} })
    Object.assign(window, { window })
    expect(() => exposeSession(createOwner().session, window)).toThrow(TypeError)
    expect(() => connectSession(window)).toThrow(TypeError)
  })

  it('refuses a port that carries a session already, until that is disposed', () => {
    const { near } = createWire()
    const { session } = createOwner()
    const stop = exposeSession(session, near)
    expect(() => exposeSession(session, near)).toThrow(TypeError)
    stop()
    stop()
    using again = exposeSession(session, near)
    expect(again).toBeTypeOf('function')
  })

  it('serves several ports, and disposing one leaves the others', async () => {
    const { session, move, listenerCount } = createOwner()
    const one = createWire()
    const two = createWire()
    const stop = exposeSession(session, one.near)
    exposeSession(session, two.near)
    const first = connectSession(one.far)
    const second = connectSession(two.far)
    await Promise.all([first.ready, second.ready])
    stop()
    expect(listenerCount()).toBe(8)
    await one.quiet()
    move(active(2))
    await two.quiet()
    expect(first.state).toEqual(active(1))
    expect(second.state).toEqual(active(2))
    expect(await failureOf(first.acquire())).toMatchObject(disposed)
  })

  it('serves several connections of one port, each with its own answers', async () => {
    const { session, asked } = createOwner()
    const { remote: first, far, quiet } = await connected(session)
    const second = connectSession(far)
    const one = first.acquire()
    const two = second.acquire()
    await quiet()
    asked[1]?.resolve(credential(2))
    asked[0]?.resolve(credential(1))
    expect(await Promise.all([one, two])).toEqual([credential(1), credential(2)])
    await first[Symbol.asyncDispose]()
    const three = second.refresh()
    await quiet()
    asked[2]?.resolve(credential(3))
    expect(await three).toEqual(credential(3))
  })

  it('exposes a session that is itself remote', async () => {
    const { session, asked } = createOwner()
    const { remote, quiet } = await connected(session)
    const wire = createWire()
    exposeSession(remote, wire.near)
    const third = connectSession(wire.far)
    await third.ready
    expect(third.state).toEqual(active())
    const had = third.acquire()
    await wire.quiet()
    await quiet()
    asked[0]?.resolve(credential())
    expect(await had).toEqual(credential())
    await remote[Symbol.asyncDispose]()
    expect(await failureOf(third.acquire())).toMatchObject(disposed)
  })
})

describe('acquire across a port', () => {
  it('takes its options along, but for the signal', async () => {
    const { session, asked } = createOwner()
    const { remote, quiet, saidOf } = await connected(session)
    const had = remote.acquire({ refused: credential(), final: true, minValidityMs: 7 })
    await quiet()
    expect(asked[0]).toMatchObject({ refused: credential(), final: true, minValidityMs: 7 })
    expect(saidOf('state')).toHaveLength(1)
    asked[0]?.resolve({ ...credential(2), secret: 'refresh-secret' } as never)
    expect(await had).toEqual(credential(2))
    expect(saidOf('state')).toHaveLength(1)
  })

  it('takes what is no credential for one of no sign-in', async () => {
    const { session, asked } = createOwner()
    const { remote, quiet } = await connected(session)
    void failureOf(remote.acquire({ refused: {} as never }))
    await quiet()
    expect(asked[0]?.refused).toMatchObject({ epoch: -1, version: -1 })
  })

  it('shows the state first', async () => {
    const { session, asked, move } = createOwner()
    const { remote, quiet } = await connected(session)
    const had = remote.acquire().then(({ version }) => [version, remote.state])
    await quiet()
    asked[0]?.resolve(credential(2))
    move(active(2))
    expect(await had).toEqual([2, active(2)])
  })

  it('shows the state first also where the owner answers before it tells its listeners', async () => {
    const { session, asked } = createOwner()
    let state = session.state
    const silent = Object.defineProperty({ ...session }, 'state', { get: () => state })
    const { remote, quiet } = await connected(silent)
    const had = remote.acquire()
    await quiet()
    state = active(2)
    asked[0]?.resolve(credential(2))
    await had
    expect(remote.state).toEqual(active(2))
  })

  it.each([
    new AuthenticationError('sign in', { reason: 'switched', cause: new Error('secret') }),
    new PermissionDeniedError('not you', { cause: 'secret' }),
    new RefreshError('later', { reason: 'lost', retryAfterMs: 5, sent: true, cause: 'secret' }),
    new RefreshError('later', { reason: 'unavailable' }),
  ])('rejects with an error of the same class: $name', async (error) => {
    const { session, asked } = createOwner()
    const { remote, quiet, said } = await connected(session)
    const failure = failureOf(remote.refresh())
    await quiet()
    asked[0]?.reject(error)
    const had = await failure
    expect(had).toBeInstanceOf(error.constructor)
    expect(isReauthError(had) && had.toJSON()).toEqual(error.toJSON())
    expect((had as Error).cause).toBeUndefined()
    expect(JSON.stringify(said)).not.toMatch(/secret|stack|cause/)
  })

  it.each([new Error('secret'), 'secret', null, Object.assign(new Error('secret'), { name: 'RefreshError' })])(
    'keeps the words of any other failure to itself: %s',
    async (failure) => {
      const { session, asked } = createOwner()
      const { remote, quiet, said } = await connected(session)
      const had = failureOf(remote.acquire())
      await quiet()
      asked[0]?.reject(failure)
      expect(await had).toMatchObject({ name: 'RefreshError', reason: 'unavailable' })
      expect(JSON.stringify(said)).not.toContain('secret')
    },
  )

  it('ends with its signal, for this caller, and tells the owner', async () => {
    const { session, asked } = createOwner()
    const { remote, quiet, saidOf } = await connected(session)
    const controller = new AbortController()
    const mine = failureOf(remote.acquire({ signal: controller.signal }))
    const theirs = remote.acquire()
    await quiet()
    const reason = { mine: true }
    controller.abort(reason)
    expect(await mine).toBe(reason)
    await quiet()
    expect(asked.map(({ signal }) => signal?.aborted)).toEqual([true, false])
    asked[1]?.resolve(credential())
    expect(await theirs).toEqual(credential())
    expect(saidOf('answer')).toHaveLength(1)
  })

  it('asks nobody if its signal is aborted already', async () => {
    const { session, asked } = createOwner()
    const { remote, quiet } = await connected(session)
    const reason = new Error('enough')
    expect(await failureOf(remote.acquire({ signal: AbortSignal.abort(reason) }))).toBe(reason)
    await quiet()
    expect(asked).toEqual([])
  })

  it('does not listen to a signal any longer than it waits', async () => {
    const { session, asked } = createOwner()
    const { remote, quiet, saidOf } = await connected(session)
    const controller = new AbortController()
    const remove = vi.spyOn(controller.signal, 'removeEventListener')
    const had = remote.acquire({ signal: controller.signal })
    await quiet()
    asked[0]?.resolve(credential())
    await had
    expect(remove).toHaveBeenCalledOnce()
    controller.abort()
    await quiet()
    expect(saidOf('abandon')).toEqual([])
  })
})

describe('the state across a port', () => {
  it('keeps its reference until it changes, and tells once for each change', async () => {
    const { session, move } = createOwner()
    const { remote, quiet } = await connected(session)
    const states: unknown[] = []
    remote.subscribe(() => states.push(remote.state))
    const { state } = remote
    move({ ...active() })
    await quiet()
    expect(remote.state).toBe(state)
    move(active(2))
    move({ status: 'signed-out' }, ended())
    await quiet()
    expect(states).toEqual([active(2), { status: 'signed-out' }])
  })

  it('ends the signal with the error that it shows, and has a new one for the next period', async () => {
    const { session, move } = createOwner()
    const { remote, quiet } = await connected(session)
    const { signal } = remote
    expect(signal.aborted).toBe(false)
    const error = ended('expired')
    move({ status: 'expired', epoch: 1, version: 1, error }, error)
    await quiet()
    expect(remote.state).toEqual({ status: 'expired', epoch: 1, version: 1, error })
    expect(signal.reason).toBeInstanceOf(AuthenticationError)
    expect(remote.state.status === 'expired' && remote.state.error).toBe(signal.reason)
    expect(remote.signal.aborted).toBe(true)
    move(active(2))
    await quiet()
    expect(remote.signal.aborted).toBe(false)
    expect(remote.signal).toBe(remote.signal)
  })

  it('ends the signal of a sign-in whose place another one took', async () => {
    const { session, move } = createOwner()
    const { remote, quiet } = await connected(session)
    const { signal } = remote
    move(active(2, 2), authenticationError('switched'))
    await quiet()
    expect(signal.reason).toMatchObject({ reason: 'switched' })
    expect(remote.signal.aborted).toBe(false)
  })

  it('tells of an end that was over before it could be seen', async () => {
    const { session, move } = createOwner()
    const { remote, quiet } = await connected(session)
    const { signal } = remote
    const error = ended('expired')
    move({ status: 'expired', epoch: 1, version: 1, error }, error)
    move(active(1))
    await quiet()
    expect(signal.reason).toMatchObject({ reason: 'expired' })
    expect(remote.state).toEqual(active(1))
    expect(remote.signal.aborted).toBe(false)
  })

  it('has a signal for an active period only', async () => {
    const { session, move } = createOwner({ status: 'loading' })
    const { remote, quiet } = await connected(session)
    expect(remote.signal.reason).toMatchObject({ reason: 'signed-out' })
    move(active())
    await quiet()
    expect(remote.signal.aborted).toBe(false)
  })

  it('ends the signal also where the owner does not say why', async () => {
    const { session, move } = createOwner()
    Object.defineProperty(session, 'signal', { value: new AbortController().signal })
    const { remote, quiet } = await connected(session)
    const { signal } = remote
    expect(signal.aborted).toBe(false)
    move({ status: 'signed-out' })
    await quiet()
    expect(signal.reason).toMatchObject({ reason: 'signed-out' })
  })

  it('has an ended signal where nobody has asked for it in time', async () => {
    const { session, move } = createOwner()
    const { remote, quiet } = await connected(session)
    move({ status: 'signed-out' }, ended())
    await quiet()
    expect(remote.signal.reason).toMatchObject({ reason: 'signed-out' })
  })
})

describe('events across a port', () => {
  it('come once each, in order, after the state that they are about', async () => {
    const { session, move, tell } = createOwner()
    const { remote, quiet } = await connected(session)
    const heard: unknown[] = []
    const types = ['signed-in', 'refreshed', 'expired', 'refused', 'refresh-failed', 'persist-failed', 'expiring']
    for (const type of types as (keyof SessionEvents)[]) remote.on(type, (event) => heard.push([type, event]))
    remote.on('refreshed', () => heard.push(remote.state))
    const stop = remote.on('refreshed', () => heard.push('never'))
    stop()
    await quiet()
    move(active(2))
    tell('refreshed', { epoch: 1, version: 2, reason: 'stale', accessToken: 'secret' })
    tell('signed-in', { epoch: 1, version: 2, identity: 'alice' })
    tell('refused', { version: 2, origin: 'https://api.example.com' })
    tell('expiring', { expiresAt: 5 })
    tell('refresh-failed', { error: new RefreshError('later', { reason: 'unavailable' }) })
    tell('persist-failed', { cause: new Error('secret') })
    await quiet()
    expect(heard).toEqual([
      ['refreshed', { epoch: 1, version: 2, reason: 'stale' }],
      active(2),
      ['signed-in', { epoch: 1, version: 2, identity: 'alice' }],
      ['refused', { version: 2, origin: 'https://api.example.com' }],
      ['expiring', { expiresAt: 5 }],
      ['refresh-failed', { error: expect.any(RefreshError) as unknown }],
      ['persist-failed', { cause: expect.any(RefreshError) as unknown }],
    ])
  })

  it('make the owner watch the clock only for who listens to that', async () => {
    const { session, tell, expiringHeard } = createOwner()
    const { remote, quiet } = await connected(session)
    const heard: unknown[] = []
    expect(expiringHeard.now).toBe(0)
    const stops = [1, 2].map((listener) => remote.on('expiring', () => heard.push(listener)))
    await quiet()
    expect(expiringHeard.now).toBe(1)
    tell('expiring', { expiresAt: 5 })
    await quiet()
    stops[0]?.()
    await quiet()
    tell('expiring', { expiresAt: 6 })
    await quiet()
    expect(heard).toEqual([1, 2, 2])
    stops[1]?.()
    await quiet()
    expect(expiringHeard.now).toBe(0)
    remote.on('expiring', () => {})
    await quiet()
    await remote[Symbol.asyncDispose]()
    await quiet()
    expect(expiringHeard.now).toBe(0)
  })

  it('come after a state that its listeners have not been told of yet', async () => {
    const { session, tell } = createOwner()
    let state = session.state
    const silent = Object.defineProperty({ ...session }, 'state', { get: () => state })
    const { remote, quiet } = await connected(silent)
    state = { status: 'signed-out' }
    tell('signed-out', { epoch: 2 })
    await quiet()
    expect(remote.state).toEqual({ status: 'signed-out' })
  })
})

describe('commands across a port', () => {
  it('sign in with what was given, and nothing else', async () => {
    const { session, signIns } = createOwner()
    const { remote } = await connected(session)
    const tokens = { accessToken: 'A', refreshToken: 'R', idToken: 'I', expiresInMs: 5, identity: 'alice' }
    await remote.signIn({ ...tokens, password: () => 'x' } as never)
    expect(signIns).toEqual([tokens])
    await remote.signIn({ identity: 'alice', expiresInMs: 5 })
    expect(signIns[1]).toEqual({ identity: 'alice', expiresInMs: 5 })
  })

  it('refuse at once what is no token set', async () => {
    const { session } = createOwner()
    const { remote, saidOf } = await connected(session)
    await expect(remote.signIn({ accessToken: '' })).rejects.toThrow(TypeError)
    expect(saidOf('signIn')).toEqual([])
  })

  it('reject where the owner refuses the tokens', async () => {
    const { session } = createOwner()
    const signIn = async (): Promise<never> => {
      throw new TypeError('secret')
    }
    const { remote } = await connected({ ...session, signIn })
    await expect(remote.signIn(undefined as never)).rejects.toThrow(RefreshError)
  })

  it('expire, and pass on what adapters say', async () => {
    const { session, entries } = createOwner()
    const { remote, quiet, far } = await connected(session)
    remote.expire(new Error('secret'))
    remote.trace?.({ type: 'replay', level: 'info', version: 1, token: 'secret' } as never)
    remote.trace?.({ type: 'replay', level: 'toString' } as never)
    far.postMessage({}, [])
    await quiet()
    expect(entries).toEqual([{ type: 'expire' }, { type: 'replay', level: 'info', version: 1 }])
  })

  it('sign out at once: nobody gets a credential that was on its way', async () => {
    const { session, asked } = createOwner()
    const { remote, quiet } = await connected(session)
    const { signal } = remote
    const late = failureOf(remote.acquire())
    await quiet()
    asked[0]?.resolve(credential())
    const done = remote.signOut()
    expect(remote.state).toEqual({ status: 'signed-out' })
    expect(signal.reason).toMatchObject({ reason: 'signed-out' })
    expect(await late).toBe(signal.reason)
    await done
    expect(session.state).toEqual({ status: 'signed-out' })
  })

  it('do not fall back to a state from before the sign-out', async () => {
    const { session, move } = createOwner()
    const { remote, quiet } = await connected(session)
    const states: unknown[] = []
    remote.subscribe(() => states.push(remote.state.status))
    move(active(2))
    await remote.signOut()
    await quiet()
    expect(states).toEqual(['signed-out'])
    move(active(3, 3))
    await quiet()
    expect(states).toEqual(['signed-out', 'active'])
  })

  it('show what the owner shows after a sign-out that moved nothing there', async () => {
    const { session } = createOwner()
    const { remote } = await connected(Object.defineProperty(session, 'signOut', { value: async () => {} }))
    await remote.signOut()
    expect(remote.state).toEqual(active())
  })
})
