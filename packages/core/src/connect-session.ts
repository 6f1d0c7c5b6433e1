import type { Credential } from './credential.ts'
import { deferred } from './deferred.ts'
import { disposer } from './disposer.ts'
import { createEmitter, type Emitter } from './emitter.ts'
import { authenticationError, RefreshError } from './errors.ts'
import { type OriginMatcher, originMatcher } from './origins.ts'
import { createCalls } from './remote-calls.ts'
import { credentialIn, endIn, eventIn, members, stateIn, taken } from './remote-codec.ts'
import { createHolds } from './remote-holds.ts'
import { lifetimeOf } from './lifetime.ts'
import { openLine, type RemotePort } from './remote-port.ts'
import {
  type FarMessage,
  opened,
  type OwnerMessage,
  protocolVersion,
  type Received,
  type Request,
  sealed,
} from './remote-protocol.ts'
import { createView } from './remote-view.ts'
import type { Session } from './session.ts'
import { checkDurations } from './session-options.ts'
import { flawOf } from './token-set.ts'

/** A session whose tokens live elsewhere: all of it but `tokens()`. Disposing it ends the connection, no more. */
export interface RemoteSession extends Omit<Session, 'tokens'> {}

/**
 * Uses a session that lives at the other end of a port, see {@link exposeSession}. Its state is `loading`, and its
 * `origins` match nothing, until the other end has answered, which `ready` tells; what is asked before waits.
 *
 * `acquire` costs one round trip. `signOut()` moves this end's state at once, everything else when the owner has heard
 * of it. When the connection ends, at either side, all that waits and all that is asked later rejects with a
 * `RefreshError` of reason `disposed`; of reason `misconfigured` if the other end speaks another version.
 *
 * In Node it keeps the process alive only while something is awaited.
 *
 * Throws a `TypeError` for a window.
 */
export function connectSession(port: RemotePort): RemoteSession {
  const link = Math.random().toString(36).slice(2)
  const ready = deferred<void>()
  ready.promise.catch(() => {})
  const emitters = new Map<unknown, Emitter<[never]>>()
  // Until the first answer there may be nobody to hear: null afterwards.
  let outbox: FarMessage[] | null = []
  let over: RefreshError | undefined
  const life = new AbortController()
  let matches: OriginMatcher | undefined
  let signedOut = 0

  const line = openLine(port, receive, () => {
    end(endedError())
  })
  const calls = createCalls(send, rest)
  const holds = createHolds(send)
  const view = createView(holds.move)
  const origins = Object.defineProperty((url: string | URL) => matches?.(url) ?? false, 'list', {
    get: () => matches?.list,
  })

  function send(message: FarMessage): void {
    if (over !== undefined) return
    if (outbox === null) line.post(sealed(message, link))
    else outbox.push(message)
  }

  function receive(data: unknown): void {
    const { version, link: name, message } = opened<OwnerMessage>(data) ?? {}
    if (message === undefined) return
    if (version !== protocolVersion) {
      if (outbox !== null) end(versionError(version))
    } else if (message.type === 'here') {
      if (outbox !== null) greet()
    } else if (message.type === 'bye') {
      if (name === undefined) end(endedError())
    } else if (name === link) take(message)
  }

  function greet(): void {
    line.post(sealed({ type: 'hello' }, link))
  }

  function take(message: Received<OwnerMessage>): void {
    switch (message.type) {
      case 'state':
        takeState(message)
        break
      case 'answer':
        calls.answer(message.call, message.credential, message.error)
        break
      case 'event':
        emitters.get(message.name)?.emit(eventIn(message.event) as never)
        break
      case 'credential': {
        const credential = credentialIn(message.credential)
        if (credential !== undefined) holds.tell(message.hold, credential)
        break
      }
      default:
    }
  }

  function takeState(message: Received<OwnerMessage> & { type: 'state' }): void {
    const state = stateIn(message.state)
    if (state === undefined) return
    matches ??= matcherOf(message.origins)
    if (matches === undefined) return
    // One that does not know of our sign-out yet is of the past.
    if (typeof message.signOut === 'number' && message.signOut >= signedOut)
      view.move(state, message.ended === undefined ? undefined : endIn(message.ended))
    connect()
    if (view.state.status !== 'loading') ready.resolve()
    rest()
  }

  /** Sends what has waited for the other end. */
  function connect(): void {
    if (outbox === null) return
    const waiting = outbox
    outbox = null
    for (const message of waiting) send(message)
    holds.connect()
  }

  /** Lets a Node process end where nobody waits for anything. */
  function rest(): void {
    if (over === undefined) line.keepAlive(view.state.status === 'loading' || !calls.isEmpty)
  }

  async function ask(request: Request, signal?: AbortSignal): Promise<Credential | undefined> {
    if (over !== undefined && signal?.aborted !== true) throw over
    return calls.ask(request, signal)
  }

  function end(error: RefreshError): void {
    if (over !== undefined) return
    over = error
    life.abort(error)
    line.close()
    calls.end(error, true)
    ready.reject(error)
    holds.clear()
    view.clear()
    for (const emitter of emitters.values()) emitter.clear()
  }

  greet()
  const session: RemoteSession = {
    origins,
    ready: ready.promise,
    get state() {
      return view.state
    },
    get signal() {
      return view.signal
    },
    subscribe: view.subscribe,
    on(type, listener) {
      const emitter = emitters.get(type) ?? createEmitter<[never]>()
      emitters.set(type, emitter)
      const stop = emitter.add(listener)
      if (type !== 'expiring') return stop
      send({ type: 'expiring', isHeard: true })
      return disposer(() => {
        stop()
        send({ type: 'expiring', isHeard: emitter.isHeard })
      })
    },
    async acquire({ refused, final = false, minValidityMs, signal } = {}) {
      const request: Request = {
        type: 'acquire',
        final,
        ...(refused !== undefined && { refused: taken(refused, members.credential) }),
        ...(minValidityMs !== undefined && { minValidityMs }),
      }
      return (await ask(request, signal)) as Credential
    },
    async refresh() {
      return (await ask({ type: 'refresh' })) as Credential
    },
    hold(options = {}) {
      checkDurations({ refreshAheadMs: options.refreshAheadMs ?? 0 })
      return holds.add(options, view.state)
    },
    async signIn(tokens) {
      // Without an access token it may be the sign-in of a cookie: the owner knows.
      const flaw = tokens?.accessToken === undefined ? undefined : flawOf(tokens)
      if (flaw !== undefined) throw new TypeError(`signIn() was given ${flaw}`)
      await ask({ type: 'signIn', tokens: taken(tokens, members.tokens) })
    },
    async signOut() {
      const told = ask({ type: 'signOut' })
      if (over === undefined) {
        signedOut = calls.last
        const error = authenticationError('signed-out')
        calls.end(error, false)
        view.move({ status: 'signed-out' }, error)
      }
      await told
    },
    expire() {
      send({ type: 'expire' })
    },
    trace(entry) {
      send({ type: 'trace', entry: taken(entry, members.entry) })
    },
    async [Symbol.asyncDispose]() {
      if (over === undefined) line.post(sealed({ type: 'bye' }, link))
      end(endedError())
    },
  }
  return Object.assign(session, { [lifetimeOf]: life.signal })
}

function matcherOf(origins: unknown): OriginMatcher | undefined {
  try {
    return Array.isArray(origins) ? originMatcher(origins) : undefined
  } catch {
    return undefined
  }
}

const endedError = (): RefreshError =>
  new RefreshError('The connection to the session has ended; connect again', { reason: 'disposed' })

const versionError = (version: unknown): RefreshError =>
  new RefreshError(
    `This end speaks version ${protocolVersion}, the other version ${String(version)}: use one version of @reauth/core at both`,
    { reason: 'misconfigured' },
  )
