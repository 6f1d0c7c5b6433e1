import { EventEmitter } from 'node:events'

import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { authenticationError } from '../src/errors.ts'
import { connectSession, type EmitterPort, exposeSession } from '../src/remote.ts'
import { failureOf } from './support/failure-of.ts'
import { active, createOwner, credential } from './support/owner.ts'
import { connected, createWire } from './support/wire.ts'

const disposed = { name: 'RefreshError', reason: 'disposed' }

describe('the end of a connection', () => {
  it('at its own end rejects every wait, gives up at the owner, and leaves the session alone', async () => {
    const { session, asked, move, listenerCount } = createOwner()
    const { remote, quiet } = await connected(session)
    const waits = [remote.acquire(), remote.refresh()].map(failureOf)
    const heard: unknown[] = []
    remote.subscribe(() => heard.push('state'))
    remote.on('refused', () => heard.push('event'))
    await quiet()
    await remote[Symbol.asyncDispose]()
    await remote[Symbol.asyncDispose]()
    for (const wait of waits) expect(await wait).toMatchObject(disposed)
    for (const wait of [remote.acquire(), remote.refresh(), remote.signIn({ accessToken: 'A' }), remote.signOut()])
      expect(await failureOf(wait)).toMatchObject(disposed)
    remote.expire()
    await quiet()
    expect(asked[0]?.signal?.aborted).toBe(true)
    expect(listenerCount()).toBe(0)
    move(active(2))
    await quiet()
    expect(heard).toEqual([])
    expect(remote.state).toEqual(active(1))
  })

  it('at the owner rejects every wait', async () => {
    const { session, asked, listenerCount } = createOwner()
    const { near, far, quiet } = createWire()
    const stop = exposeSession(session, near)
    const remote = connectSession(far)
    await remote.ready
    const wait = failureOf(remote.acquire())
    await quiet()
    stop()
    stop()
    expect(await wait).toMatchObject(disposed)
    expect(await failureOf(remote.acquire())).toMatchObject(disposed)
    expect(asked[0]?.signal?.aborted).toBe(true)
    expect(listenerCount()).toBe(0)
  })

  it('before there was an answer rejects every wait, and ready', async () => {
    const { far } = createWire()
    const remote = connectSession(far)
    const wait = failureOf(remote.acquire())
    await remote[Symbol.asyncDispose]()
    expect(await wait).toMatchObject(disposed)
    expect(await failureOf(remote.ready)).toMatchObject(disposed)
  })

  it('is heard of when the port closes', async () => {
    const { session, asked, listenerCount } = createOwner()
    const { far, remote, quiet } = await connected(session)
    const wait = failureOf(remote.acquire())
    await quiet()
    far.close()
    expect(await wait).toMatchObject(disposed)
    await expect.poll(() => asked[0]?.signal?.aborted).toBe(true)
    expect(listenerCount()).toBe(0)
  })

  it('is heard of when the worker at the other end exits', async () => {
    const port: EmitterPort & EventEmitter = Object.assign(new EventEmitter(), { postMessage() {} })
    const remote = connectSession(port)
    port.emit('exit', 0)
    expect(await failureOf(remote.ready)).toMatchObject(disposed)
    expect(port.eventNames()).toEqual([])
  })

  it('comes with a port that does not take messages any more', async () => {
    const { session, move, listenerCount } = createOwner()
    const { near } = await connected(session)
    near.postMessage = () => {
      throw new Error('closed')
    }
    move(active(2))
    expect(listenerCount()).toBe(0)
  })

  it('comes with the end of the session, which whoever asks is told of', async () => {
    const { session, dispose, listenerCount } = createOwner()
    const { remote, quiet } = await connected(session)
    const wait = failureOf(remote.acquire())
    await quiet()
    dispose()
    expect(await wait).toMatchObject(disposed)
    await quiet()
    expect(listenerCount()).toBe(0)
    expect(await failureOf(remote.acquire())).toMatchObject(disposed)
  })

  it('comes with the end of a session that still loads', async () => {
    const { session, dispose } = createOwner({ status: 'loading' })
    const { remote } = await connected(session)
    const ready = failureOf(remote.ready)
    dispose()
    expect(await ready).toMatchObject(disposed)
  })

  it('lets nobody hear of anything any more, even if it comes halfway', async () => {
    const { session, move, tell } = createOwner()
    for (const when of ['signal', 'state', 'event']) {
      const { remote, quiet } = await connected(session)
      const heard: string[] = []
      const end = (): void => void remote[Symbol.asyncDispose]()
      if (when === 'signal') remote.signal.addEventListener('abort', end)
      if (when === 'state') remote.subscribe(end)
      if (when === 'event') remote.on('refused', end)
      remote.subscribe(() => heard.push('state'))
      remote.on('refused', () => heard.push('event'))
      remote.hold({ onEnd: () => heard.push('end') })
      if (when === 'event') tell('refused', { version: 1 })
      else if (when === 'state') move(active(2))
      else move({ status: 'signed-out' }, authenticationError('signed-out'))
      await quiet()
      expect(heard).toEqual([])
      move(active())
    }
  })

  it('leaves no listener at the session nor at the process', async () => {
    const { session, move } = createOwner()
    const before = process.listenerCount('beforeExit')
    const { remote, quiet, said } = await connected(session)
    const other = await connected(session)
    expect(process.listenerCount('beforeExit')).toBe(Math.max(1, before))
    await remote[Symbol.asyncDispose]()
    await quiet()
    const { length } = said
    move({ status: 'signed-out' }, authenticationError('signed-out'))
    await quiet()
    expect(said).toHaveLength(length)
    await other.remote[Symbol.asyncDispose]()
  })

  it('stops watching the process', async () => {
    vi.resetModules()
    const fresh = await import('../src/remote.ts')
    const ports = [0, 1].map(() => Object.assign(new EventEmitter(), { postMessage() {} }))
    const before = process.listenerCount('beforeExit')
    const remotes = ports.map((port) => fresh.connectSession(port))
    for (const remote of remotes) {
      expect(process.listenerCount('beforeExit')).toBe(before + 1)
      await remote[Symbol.asyncDispose]()
    }
    expect(process.listenerCount('beforeExit')).toBe(before)
  })

  it('is final: what comes later from the same far end is not served', async () => {
    const { session, asked } = createOwner()
    const { near, far, quiet } = createWire()
    exposeSession(session, near)
    const say = (message: object): void => {
      far.postMessage({ reauth: 1, link: 'mine', ...message }, [])
    }
    say({ type: 'hello' })
    say({ type: 'bye' })
    say({ type: 'refresh', call: 1 })
    await quiet()
    expect(asked).toEqual([])
  })

  it('reaches who has said hello and was not heard any more', async () => {
    const { near, far } = createWire()
    const stop = exposeSession(createOwner().session, near)
    const remote = connectSession(far)
    stop()
    expect(await failureOf(remote.ready)).toMatchObject(disposed)
  })

  it('comes with a session that will never be ready', async () => {
    const { session } = createOwner({ status: 'loading' })
    Object.defineProperty(session, 'ready', { value: Promise.reject(new Error('never')) })
    const { remote } = await connected(session)
    expect(await failureOf(remote.ready)).toMatchObject(disposed)
  })

  it('leaves nothing of it at the port', async () => {
    const port: EmitterPort & EventEmitter = Object.assign(new EventEmitter(), { postMessage() {} })
    const stop = exposeSession(createOwner().session, port)
    const remote = connectSession(port)
    stop()
    await remote[Symbol.asyncDispose]()
    expect(port.eventNames()).toEqual([])
  })
})

describe('what a Node process lives for', () => {
  const counted = (far: MessagePort): string[] => {
    const refs: string[] = []
    Object.assign(far, { ref: () => refs.push('ref'), unref: () => refs.push('unref') })
    return refs
  }

  it('is an answer, not a connection', async () => {
    const { session, asked } = createOwner()
    const { near, far, quiet } = createWire()
    exposeSession(session, near)
    const remote = connectSession(far)
    const refs = counted(far)
    await remote.ready
    expect(refs).toEqual(['unref'])
    const had = remote.acquire()
    expect(refs).toEqual(['unref', 'ref'])
    await quiet()
    asked[0]?.resolve(credential())
    await had
    await quiet()
    expect(refs.at(-1)).toBe('unref')
  })

  it('is nothing any more once the connection has ended', async () => {
    const { near, far, quiet } = createWire()
    const stop = exposeSession(createOwner().session, near)
    const remote = connectSession(far)
    await remote.ready
    const wait = failureOf(remote.acquire())
    await quiet()
    const refs = counted(far)
    stop()
    await wait
    await new Promise(setImmediate)
    // Node's own, with the last listener.
    expect(refs).toEqual(['unref'])
  })

  it('is a session that still loads', async () => {
    const { session, move } = createOwner({ status: 'loading' })
    const { near, far, quiet } = createWire()
    exposeSession(session, near)
    const remote = connectSession(far)
    const refs = counted(far)
    await quiet()
    expect(refs).not.toContain('unref')
    move(active())
    await remote.ready
    expect(refs.at(-1)).toBe('unref')
  })

  it('is somebody else who listens to the same port', async () => {
    const { near, far } = createWire()
    far.addEventListener('message', () => {})
    exposeSession(createOwner().session, near)
    const remote = connectSession(far)
    const refs = counted(far)
    await remote.ready
    expect(refs).not.toContain('unref')
  })

  it('is a worker, however idle', async () => {
    const refs: string[] = []
    const port: EmitterPort & EventEmitter = Object.assign(new EventEmitter(), {
      postMessage({ link }: { link?: string }) {
        const state = { status: 'signed-out' }
        queueMicrotask(() => port.emit('message', { reauth: 1, link, type: 'state', state, signOut: 0, origins: [] }))
      },
      terminate() {},
      unref: () => refs.push('unref'),
    })
    const remote = connectSession(port)
    await remote.ready
    expect(refs).toEqual([])
  })
})

describe('what comes over a port', () => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true })
  const types = [
    ['hello', 'bye', 'here', 'expire', 'acquire', 'refresh', 'signIn', 'signOut', 'abandon', 'hold', 'release'],
    ['expiring', 'trace', 'state', 'answer', 'event', 'credential', '__proto__', 'constructor'],
  ].flat()
  const number = fc.oneof(fc.nat(3), anything)
  const messageFor = (link: string): fc.Arbitrary<object> =>
    fc.record(
      {
        reauth: fc.constantFrom<unknown>(1, 1, 1, 1, 2, '1'),
        link: fc.oneof({ weight: 4, arbitrary: fc.constant<unknown>(link) }, anything),
        type: fc.oneof({ weight: 9, arbitrary: fc.constantFrom<unknown>(...types) }, anything),
        call: number,
        hold: number,
        signOut: number,
        epoch: number,
        version: number,
        state: fc.oneof(
          anything,
          fc.record({ status: fc.constantFrom('active', 'expired', 'x'), epoch: number, version: number }),
        ),
        ended: anything,
        origins: fc.oneof(anything, fc.array(fc.string()), fc.constant(['https://api.example.com'])),
        credential: anything,
        error: fc.oneof(anything, fc.record({ name: fc.constantFrom('AuthenticationError'), reason: anything })),
        name: fc.constantFrom('refused', '__proto__', 'toString'),
        event: anything,
        entry: fc.oneof(anything, fc.record({ type: anything, level: fc.constantFrom('info', 'toString') })),
        tokens: anything,
        refused: anything,
        final: anything,
        minValidityMs: anything,
        refreshAheadMs: number,
      },
      { requiredKeys: ['reauth'] },
    )

  it('does no harm, however hostile, to the owner nor to the far end', { timeout: 30_000 }, async () => {
    const uncaught: unknown[] = []
    const caught = (error: unknown): void => {
      uncaught.push(error)
    }
    process.on('uncaughtException', caught)
    process.on('unhandledRejection', caught)
    onTestFinished(() => {
      process.off('uncaughtException', caught)
      process.off('unhandledRejection', caught)
    })
    const run = async (messages: unknown[], isOwner: boolean): Promise<void> => {
      let link: unknown = 'known'
      const port: EmitterPort & EventEmitter = Object.assign(new EventEmitter(), {
        postMessage(said: { link?: string }) {
          if (!isOwner) link = said.link
        },
      })
      const { session } = createOwner()
      const stop = isOwner ? exposeSession(session, port) : undefined
      const far = isOwner ? undefined : connectSession(port)
      far?.on('refused', () => {})
      const wait = far && failureOf(far.acquire())
      port.emit('message', { reauth: 1, link, type: isOwner ? 'hello' : 'here' })
      for (const each of messages)
        port.emit('message', Object(each).link === 'known' ? { ...(each as object), link } : each)
      stop?.()
      await far?.[Symbol.asyncDispose]()
      await wait?.catch(() => {})
    }
    const traffic = fc.array(fc.oneof({ weight: 8, arbitrary: messageFor('known') }, anything), { maxLength: 12 })
    await fc.assert(fc.asyncProperty(traffic, fc.boolean(), run), { numRuns: 1500 })
    expect(uncaught).toEqual([])
  })

  it('is left alone where it is not ours, and so is the rest of the port', async () => {
    const { session } = createOwner()
    const { remote, near, far, quiet } = await connected(session)
    const heard: unknown[] = []
    far.addEventListener('message', ({ data }: MessageEvent) => {
      if (!Object.hasOwn(data as object, 'reauth') && !Object.hasOwn(data as object, 'mark')) heard.push(data)
    })
    near.postMessage({ type: 'bye' }, [])
    near.postMessage({ type: 'state', state: { status: 'signed-out' } }, [])
    await quiet()
    expect(remote.state).toEqual(active())
    expect(heard).toHaveLength(2)
  })

  it('moves nothing where it is for another connection, or of another version', async () => {
    const { session, move } = createOwner()
    const { remote, near, quiet, said } = await connected(session)
    const link = said.find(({ type }) => type === 'hello')?.['link']
    const state = { status: 'signed-out' }
    near.postMessage({ reauth: 1, link: 'other', type: 'state', state, signOut: 0 }, [])
    near.postMessage({ reauth: 1, link: 'other', type: 'bye' }, [])
    near.postMessage({ reauth: 2, link, type: 'state', state, signOut: 0 }, [])
    near.postMessage({ reauth: 1, link, type: 'state', state: { status: 'active' }, signOut: 0 }, [])
    await quiet()
    expect(remote.state).toEqual(active())
    move(active(2))
    await quiet()
    expect(remote.state).toEqual(active(2))
  })

  it('is believed only where it is right', async () => {
    const { near, far, quiet, said } = createWire()
    const remote = connectSession(far)
    const send = async (message: object): Promise<void> => {
      near.postMessage({ reauth: 1, link: said[0]?.['link'], ...message }, [])
      await quiet()
    }
    await send({ type: 'state', state: active(), signOut: 0, origins: ['no origin'] })
    expect(remote.state).toEqual({ status: 'loading' })
    await send({ type: 'state', state: active(), signOut: 0, origins: ['https://api.example.com'] })
    expect(remote.state).toEqual(active())
    const answers: unknown[] = [undefined, { ...credential(), epoch: '1' }, { epoch: 1, version: 1 }]
    for (const [index, answer] of answers.entries()) {
      const had = failureOf(remote.acquire())
      await send({ type: 'answer', call: index + 1, credential: answer })
      expect(await had).toMatchObject({ reason: 'unavailable' })
    }
    const had = remote.acquire()
    await send({ type: 'answer', call: answers.length + 1, credential: { ...credential(), expiresAt: 'x', more: 1 } })
    const { expiresAt: _expiresAt, ...right } = credential()
    expect(await had).toEqual(right)
    const error = { name: 'RefreshError', message: 'x', reason: 'lost' }
    await send({ type: 'state', state: { status: 'expired', epoch: 1, version: 1, error }, signOut: 0 })
    expect(remote.signal.reason).toMatchObject({ name: 'AuthenticationError', reason: 'expired' })
  })

  it('never has a refresh token or an ID token in it but in what is signed in', async () => {
    const { session, move, asked, tell, holds } = createOwner()
    const { remote, quiet, said } = await connected(session)
    const more = { refreshToken: 'secret', idToken: 'secret' }
    remote.hold()
    void remote.acquire({ refused: Object.assign(credential(), more) }).catch(() => {})
    await remote.signIn({ accessToken: 'A', ...more })
    await quiet()
    asked[0]?.resolve(Object.assign(credential(2), more))
    holds[0]?.onCredential?.(Object.assign(credential(3), more))
    tell('refreshed', { epoch: 1, version: 2, ...more })
    const error = Object.assign(authenticationError('expired', more), more)
    tell('expired', { error })
    move({ status: 'expired', epoch: 1, version: 2, error, ...more } as never, error)
    remote.trace?.({ type: 'replay', level: 'info', ...more } as never)
    await quiet()
    expect(said.length).toBeGreaterThan(9)
    const carrying = said.filter((message) => JSON.stringify(message).includes('secret'))
    expect(carrying.map(({ type }) => type)).toEqual(['signIn'])
  })
})
