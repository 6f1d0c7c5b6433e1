import { createSession, type Session, type SessionOptions } from '@reauth/core'
import { createHarness, type Harness, settle } from '@reauth/testkit'
import { onTestFinished, vi } from 'vitest'

/** One request, answered by the test. */
interface Call {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly init: RequestInit
  /** Whether the client has let go of it. */
  readonly isGone: boolean
  /** How many pieces the client has not read yet. */
  readonly unread: number
  /** Answers with a stream. */
  open(text?: string): void
  send(text: string): void
  end(): void
  /** Breaks the connection, before the answer or within. */
  fail(): void
  answer(status: number, headers?: Record<string, string>): void
}

/** A server that does as the test says. */
interface Scripted {
  readonly fetch: typeof fetch
  readonly calls: readonly Call[]
  /** Returns the call of that number, when it has come. */
  call(index: number): Promise<Call>
}

function createScripted(): Scripted {
  const calls: Call[] = []
  const scripted: Scripted = {
    calls,
    fetch: (input, init = {}) =>
      new Promise((resolve, reject) => {
        let controller: ReadableStreamDefaultController<Uint8Array> | undefined
        let isGone = false
        const abort = (): void => {
          isGone = true
          reject(init.signal?.reason)
          controller?.error(init.signal?.reason)
        }
        init.signal?.addEventListener('abort', abort)
        if (init.signal?.aborted === true) abort()
        const body = new ReadableStream<Uint8Array>(
          {
            start(given) {
              controller = given
            },
            cancel() {
              isGone = true
            },
          },
          { highWaterMark: 0 },
        )
        const send = (text: string): void => {
          controller?.enqueue(new TextEncoder().encode(text))
        }
        calls.push({
          url: String(input),
          method: init.method ?? 'GET',
          headers: new Headers(init.headers),
          init,
          get isGone() {
            return isGone
          },
          get unread() {
            return 0 - (controller?.desiredSize ?? 0)
          },
          open(text) {
            resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
            if (text !== undefined) send(text)
          },
          send,
          end: () => controller?.close(),
          fail() {
            const error = new TypeError('network error')
            reject(error)
            controller?.error(error)
          },
          answer: (status, headers = {}) => {
            const isBodyless = status === 204 || status === 205 || status === 304
            resolve(new Response(isBodyless ? null : body, { status, headers }))
          },
        })
      }),
    async call(index) {
      // Whatever has to happen first, happens without time passing.
      await vi.waitUntil(async () => {
        await settle(1)
        return calls.length > index
      })
      return calls[index] as Call
    },
  }
  return scripted
}

/** A session at a strict issuer, and a server that does as the test says. */
export interface Scene extends Harness, Scripted {
  readonly session: Session
}

export const address = 'https://api.test/stream'

/** Sets the scene, with alice signed in; what is out of order at the end fails the test. */
export function setScene(options: Partial<SessionOptions> & { isSignedOut?: boolean } = {}): Scene {
  const harness = createHarness({ accessTokenLifetimeMs: 3_600_000 })
  const { issuer, clock } = harness
  const session = createSession({ refresh: issuer.refresh, origins: ['https://api.test'], platform: clock, ...options })
  if (options.isSignedOut !== true) void session.signIn(issuer.signIn({ identity: 'alice' }).tokens)
  onTestFinished(async () => {
    await session[Symbol.asyncDispose]()
    await harness.verify()
  })
  return { ...harness, ...createScripted(), session }
}

/** Has this thread's timers wait for the test, and no jitter. */
export function holdTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  vi.spyOn(Math, 'random').mockReturnValue(0)
  onTestFinished(() => {
    vi.useRealTimers()
  })
}
