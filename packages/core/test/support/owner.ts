import type { AcquireOptions, Credential, HoldOptions } from '../../src/credential.ts'
import { deferred } from '../../src/deferred.ts'
import { type Disposer, disposer } from '../../src/disposer.ts'
import { createEmitter, type Emitter } from '../../src/emitter.ts'
import { type AuthenticationError, RefreshError } from '../../src/errors.ts'
import { originMatcher } from '../../src/origins.ts'
import type { Session } from '../../src/session.ts'
import { checkDurations } from '../../src/session-options.ts'
import type { SessionState } from '../../src/session-state.ts'
import type { TokenSet } from '../../src/token-set.ts'

/** One wait for a credential, to be settled by the test. */
interface Asked extends AcquireOptions {
  resolve(credential: Credential): void
  reject(error: unknown): void
}

/** A session whose every move is the test's. */
export interface Owner {
  readonly session: Session
  readonly asked: Asked[]
  readonly holds: (HoldOptions & { isDisposed: boolean })[]
  readonly signIns: TokenSet[]
  readonly entries: object[]
  /** How many listeners it has. */
  listenerCount(): number
  /** How many of them listen to `expiring`. */
  readonly expiringHeard: { readonly now: number }
  /** Moves the state; `end` says why an active period ends with that. */
  move(state: SessionState, end?: AuthenticationError): void
  tell(type: string, event: object): void
  dispose(): void
}

const origins: readonly string[] = ['https://api.example.com']

export function active(version = 1, epoch = 1): SessionState {
  return { status: 'active', epoch, version, identity: 'alice', expiresAt: 1e12 }
}

export function credential(version = 1, epoch = 1): Credential {
  return { epoch, version, accessToken: `access-${version}`, tokenType: 'Bearer', identity: 'alice', expiresAt: 1e12 }
}

export function createOwner(initial: SessionState = active()): Owner {
  let state = initial
  let period = new AbortController()
  const ready = deferred<void>()
  const changes = createEmitter<[]>()
  const told = createEmitter<[type: string, event: never]>()
  const counted = new Set<object>()
  const asked: Asked[] = []
  const expiringHeard = { now: 0 }
  const holds: Owner['holds'] = []
  const signIns: TokenSet[] = []
  const entries: object[] = []
  if (state.status !== 'loading') ready.resolve()

  const counting = <Args extends unknown[]>(emitter: Emitter<Args>, listener: (...args: Args) => void): Disposer => {
    const stop = emitter.add(listener)
    counted.add(stop)
    return disposer(() => {
      stop()
      counted.delete(stop)
    })
  }

  const ask = (options: AcquireOptions = {}): Promise<Credential> =>
    new Promise((resolve, reject) => {
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason), { once: true })
      asked.push({ ...options, resolve, reject })
    })

  const move: Owner['move'] = (next, end) => {
    state = next
    const over = period
    if (end !== undefined || over.signal.aborted) period = new AbortController()
    if (end !== undefined) over.abort(end)
    changes.emit()
    if (next.status !== 'loading') ready.resolve()
  }

  return {
    asked,
    holds,
    signIns,
    entries,
    listenerCount: () => counted.size,
    expiringHeard,
    move,
    tell(type, event) {
      told.emit(type, event as never)
    },
    dispose() {
      const error = new RefreshError('The session was disposed', { reason: 'disposed' })
      ready.resolve()
      for (const { reject } of asked) reject(error)
    },
    session: {
      origins: originMatcher(origins),
      ready: ready.promise,
      trace: (entry) => entries.push(entry),
      get state() {
        return state
      },
      get signal() {
        if (state.status === 'expired') period.abort(state.error)
        if (state.status === 'signed-out') period.abort(new Error('signed out'))
        return period.signal
      },
      subscribe: (listener) => counting(changes, listener),
      on(type, listener) {
        const stop = counting(told, (name, event) => {
          if (name === type) listener(event)
        })
        if (type !== 'expiring') return stop
        expiringHeard.now++
        return disposer(() => {
          stop()
          expiringHeard.now--
        })
      },
      acquire: ask,
      refresh: ask,
      hold(options = {}) {
        checkDurations({ refreshAheadMs: options.refreshAheadMs ?? 0 })
        const held = { ...options, isDisposed: false }
        holds.push(held)
        return disposer(() => {
          held.isDisposed = true
        })
      },
      async signIn(tokens) {
        signIns.push(tokens)
      },
      async signOut() {
        move({ status: 'signed-out' })
      },
      expire() {
        entries.push({ type: 'expire' })
      },
      tokens: async () => undefined,
      async [Symbol.asyncDispose]() {},
    },
  }
}
