import type { RemoteSession } from './connect-session.ts'
import { type Disposer, disposer } from './disposer.ts'
import { openLine, type RemotePort } from './remote-port.ts'
import { type FarMessage, opened, type OwnerMessage, protocolVersion, sealed } from './remote-protocol.ts'
import { serveLink, type ServedLink } from './serve-link.ts'

const exposed = new WeakSet<RemotePort>()

/**
 * Lets the other end of a port use a session, by {@link connectSession}: everything but `tokens()`. No refresh token and
 * no ID token leaves this end. One session may be exposed at many ports, a port carries one session.
 *
 * It listens, and keeps a Node process alive, until it is disposed, the port closes or the session is disposed; whoever
 * waits at the other end then gets a `RefreshError` of reason `disposed`. The port stays open.
 *
 * Throws a `TypeError` if the session's `origins` is no list, since a function cannot cross; if the port carries a
 * session already; and for a window.
 */
export function exposeSession(session: RemoteSession, port: RemotePort): Disposer {
  const origins = listOf(session)
  if (exposed.has(port)) {
    throw new TypeError(
      'This port carries a session already: dispose that exposure first, or use another MessageChannel',
    )
  }
  const links = new Map<string, ServedLink>()
  const line = openLine(port, receive, dispose)
  exposed.add(port)

  function receive(data: unknown): void {
    const { version, link: name, message } = opened<FarMessage>(data) ?? {}
    if (message === undefined || typeof name !== 'string') return
    if (version !== protocolVersion) {
      if (message.type === 'hello') refuse()
    } else if (message.type === 'hello') greet(name)
    else if (message.type === 'bye') part(name)
    else links.get(name)?.receive(message)
  }

  /** The answer carries our version, by which the other end knows what is wrong. */
  function refuse(): void {
    session.trace?.({ type: 'warning', level: 'warn', reason: 'remote-version' })
    line.post(sealed({ type: 'here' }))
  }

  function greet(name: string): void {
    // It says hello twice if both ends start at once.
    if (links.has(name)) return
    const send = (message: OwnerMessage): void => {
      line.post(sealed(message, name))
    }
    const link = serveLink(session, send, dispose)
    links.set(name, link)
    link.welcome(origins)
  }

  function part(name: string): void {
    links.get(name)?.end()
    links.delete(name)
  }

  function dispose(): void {
    if (!exposed.delete(port)) return
    line.close()
    for (const link of links.values()) link.end()
    links.clear()
    // To everybody at the port: somebody's hello may be on its way.
    line.post(sealed({ type: 'bye' }))
  }

  // Who is asked while it loads never hears of another state if it is disposed first.
  const known = (): void => {
    if (session.state.status === 'loading') dispose()
  }
  session.ready.then(known, dispose)
  line.post(sealed({ type: 'here' }))
  return disposer(dispose)
}

function listOf({ origins: { list } }: RemoteSession): readonly string[] {
  if (list !== undefined) return list
  throw new TypeError('A function cannot cross a port: give the session its option "origins" as a list to expose it')
}
