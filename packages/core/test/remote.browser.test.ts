import { describe, expect, it, onTestFinished } from 'vitest'

import { createSession, type Session } from '../src/session.ts'
import { connectSession, exposeSession } from '../src/remote.ts'
import { failureOf } from './support/failure-of.ts'

const refresh = async (): Promise<{ accessToken: string }> => ({ accessToken: 'A2' })
const origins = ['https://api.example.com']

interface Asking {
  ask(what: string): Promise<unknown>
}

async function signedIn(): Promise<Session> {
  const session = createSession({ refresh, origins })
  onTestFinished(() => session[Symbol.asyncDispose]())
  await session.signIn({ accessToken: 'A1', refreshToken: 'R1' })
  return session
}

/** Starts a worker of the page that uses the session. */
function start(session: Session): Asking {
  const worker = new Worker(new URL('./support/remote-worker.ts', import.meta.url), { type: 'module' })
  const stop = exposeSession(session, worker)
  onTestFinished(() => {
    stop()
    worker.terminate()
  })
  return {
    ask: (ask) =>
      new Promise((resolve, reject) => {
        worker.addEventListener(
          'message',
          ({ data }: MessageEvent<{ ask?: string; answer?: unknown; error?: string }>) => {
            if (data.ask !== ask) return
            if (data.error === undefined) resolve(data.answer)
            else reject(new Error(data.error))
          },
        )
        worker.postMessage({ ask }, [])
      }),
  }
}

describe('a session in a worker of a page', () => {
  it('has its credentials from the page', async () => {
    const session = await signedIn()
    const { ask } = start(session)
    expect(await ask('acquire')).toBe('A1')
    expect(await ask('origins')).toBe(true)
    expect(await ask('state')).toEqual(session.state)
  })

  it('hears that the session has expired, and says why', async () => {
    const session = await signedIn()
    const { ask } = start(session)
    await ask('state')
    const expiry = ask('expiry')
    await ask('acquire')
    session.expire()
    expect(await expiry).toEqual({ isOurs: true, reason: 'expired' })
  })

  it('signs out for the page, too', async () => {
    const session = await signedIn()
    const { ask } = start(session)
    await ask('sign out')
    expect(session.state).toEqual({ status: 'signed-out' })
    await expect(ask('acquire')).rejects.toThrow('AuthenticationError')
  })

  it('ends with the exposure', async () => {
    const { port1, port2 } = new MessageChannel()
    const stop = exposeSession(await signedIn(), port1)
    const remote = connectSession(port2)
    expect(await remote.acquire()).toMatchObject({ accessToken: 'A1' })
    stop()
    const end = failureOf(
      new Promise((_, reject) => {
        port2.addEventListener('message', () => void failureOf(remote.acquire()).then(reject), { once: true })
      }),
    )
    expect(await end).toMatchObject({ reason: 'disposed' })
  })

  it('takes no window for a port', async () => {
    const session = await signedIn()
    expect(() => exposeSession(session, window)).toThrow(TypeError)
  })
})
