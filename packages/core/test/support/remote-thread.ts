// What a Node process starts: it uses the session at the other end, in the way that its data tell, and ends by itself.
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'

import { AuthenticationError } from '../../src/errors.ts'
import { disposer } from '../../src/disposer.ts'
import { connectSession, exposeSession, type RemoteSession } from '../../src/remote.ts'
import { staticSource } from '../../src/static-source.ts'

const port = parentPort
if (port === null) throw new Error('This is no worker')
const say = (said: unknown): void => {
  port.postMessage({ said })
}

switch (workerData) {
  case 'acquire': {
    const session = connectSession(port)
    const { accessToken, version } = await session.acquire()
    say([accessToken, version, session.state])
    break
  }
  case 'refuse': {
    const session = connectSession(port)
    const refused = await session.acquire()
    say((await session.acquire({ refused })).version)
    break
  }
  case 'await the end': {
    const session = connectSession(port)
    await session.ready
    const stop = session.hold({
      onEnd(error) {
        say([error instanceof AuthenticationError, error.reason, session.signal.reason === error])
      },
    })
    say('holds')
    while (session.state.status === 'active') await once(port, 'message')
    stop()
    break
  }
  case 'work':
    await connectSession(port).ready
    setTimeout(() => {
      port.once('message', () => {
        say('worked')
      })
      say('listens')
    })
    break
  case 'idle':
    await connectSession(port).ready
    say('connected')
    break
  case 'dispose':
    await connectSession(port)[Symbol.asyncDispose]()
    break
  case 'own':
    exposeSession(createStaticSession(), port)
    break
  default:
    throw new Error('unknown')
}

function createStaticSession(): RemoteSession {
  const source = staticSource('own', { origins: ['https://api.example.com'] })
  const stop = disposer(() => {})
  return {
    ...source,
    ready: Promise.resolve(),
    state: { status: 'active', epoch: 1, version: 1 },
    subscribe: () => stop,
    on: () => stop,
    refresh: () => source.acquire(),
    signIn: async () => {},
    signOut: async () => {},
    expire() {},
    async [Symbol.asyncDispose]() {},
  }
}
