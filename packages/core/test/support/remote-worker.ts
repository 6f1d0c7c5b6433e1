// What a page starts: it uses the session at the other end of its own port.
import { connectSession } from '../../src/remote.ts'

const session = connectSession(self)

/** Does what the page asks for, and says what came of it. */
async function act(what: string): Promise<unknown> {
  await session.ready
  if (what === 'acquire') return (await session.acquire()).accessToken
  if (what === 'state') return session.state
  if (what === 'origins') return session.origins('https://api.example.com/v1')
  if (what === 'sign out') return session.signOut()
  if (what === 'expiry') {
    return new Promise((resolve) => {
      session.on('expired', ({ error }) => {
        resolve({ isOurs: error instanceof Error, reason: error.reason })
      })
    })
  }
  return 'unknown'
}

addEventListener('message', ({ data }: MessageEvent<{ ask?: string }>) => {
  const { ask } = data
  if (ask === undefined) return
  act(ask).then(
    (answer) => {
      postMessage({ ask, answer })
    },
    (error: unknown) => {
      postMessage({ ask, error: String(error) })
    },
  )
})
