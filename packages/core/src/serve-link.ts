import type { RemoteSession } from './connect-session.ts'
import type { AcquireOptions, Credential } from './credential.ts'
import type { Disposer } from './disposer.ts'
import { credentialIn, dataOfError, dataOfEvent, dataOfState, type ErrorData, members, taken } from './remote-codec.ts'
import type { FarMessage, OwnerMessage, Received } from './remote-protocol.ts'
import type { SessionEvents } from './session-events.ts'
import type { SessionState } from './session-state.ts'
import type { TraceEntry } from './trace.ts'

/** What the owner of a session keeps for one far end. */
export interface ServedLink {
  welcome(origins: readonly string[]): void
  receive(message: Received<FarMessage>): void
  /** Gives up its calls and its holds, and sends no more. */
  end(): void
}

/** All but `expiring`, for which the session watches the clock. */
const eventTypes: readonly (keyof SessionEvents)[] = [
  'signed-in',
  'refreshed',
  'refresh-failed',
  'expired',
  'signed-out',
  'persist-failed',
  'refused',
]

/** Serves a far end. `disposed` is called when the session turns out to be disposed. */
export function serveLink(
  session: RemoteSession,
  send: (message: OwnerMessage) => void,
  disposed: () => void,
): ServedLink {
  const calls = new Map<number, AbortController>()
  const holds = new Map<number, Disposer>()
  const stops: Disposer[] = []
  let told: SessionState | undefined
  let signOut = 0
  let watched: AbortSignal | undefined
  let expiring: Disposer | undefined

  function tellState(more: { ended?: ErrorData; origins?: readonly string[] } = {}): void {
    told = session.state
    send({ type: 'state', state: dataOfState(told), signOut, ...more })
    watch()
  }

  /** Before anything that was had under a state: the far end knows of the state first. */
  function tellNewState(): void {
    if (session.state !== told) tellState()
  }

  /** The signal tells why a period ended, also where the state is active again by now. */
  function watch(): void {
    watched = session.signal
    watched.addEventListener('abort', tellEnd, { once: true })
  }

  function tellEnd(): void {
    tellState({ ended: dataOfError(watched?.reason) })
  }

  async function serve(call: unknown, ask: (signal: AbortSignal) => Promise<Credential | void>): Promise<void> {
    if (typeof call !== 'number') return
    const controller = new AbortController()
    calls.set(call, controller)
    const answer = await ask(controller.signal).then(
      (credential) => ({ ...(credential && { credential: taken(credential, members.credential) }) }),
      (error: unknown) => ({ error: dataOfError(error) }),
    )
    // Nobody waits for it any more.
    if (!calls.delete(call)) return
    tellNewState()
    send({ type: 'answer', call, ...answer })
    if ('error' in answer && answer.error.reason === 'disposed') disposed()
  }

  function leave(call: unknown): void {
    const controller = calls.get(call as number)
    calls.delete(call as number)
    controller?.abort()
  }

  function hold({ hold: id, refreshAheadMs, epoch, version }: Received<FarMessage> & { type: 'hold' }): void {
    const { state } = session
    if (typeof id !== 'number' || holds.has(id)) return
    // It was meant for a sign-in that is over by now.
    if (typeof epoch === 'number' && !('epoch' in state && state.epoch === epoch)) return
    const tell = (credential: Credential): void => {
      if (!holds.has(id)) return
      tellNewState()
      send({ type: 'credential', hold: id, credential: taken(credential, members.credential) })
    }
    holds.set(id, session.hold({ ...(isDuration(refreshAheadMs) && { refreshAheadMs }), onCredential: tell }))
    // The version that came while the hold was on its way here is new to the far end, too.
    if (state.status === 'active' && typeof version === 'number' && state.version > version)
      session.acquire().then(tell, () => {})
  }

  function release(id: unknown): void {
    holds.get(id as number)?.()
    holds.delete(id as number)
  }

  function forward(name: keyof SessionEvents): Disposer {
    return session.on(name, (event: object) => {
      tellNewState()
      send({ type: 'event', name, event: dataOfEvent(event) })
    })
  }

  function hearExpiring(isHeard: boolean): void {
    if (isHeard) expiring ??= forward('expiring')
    else {
      expiring?.()
      expiring = undefined
    }
  }

  function signOutFor(call: unknown): void {
    if (typeof call !== 'number') return
    signOut = call
    // Its answer is a state that knows of it, also where nothing moves.
    told = undefined
    void serve(call, async () => session.signOut())
    tellNewState()
  }

  return {
    welcome(origins) {
      stops.push(session.subscribe(tellNewState))
      for (const name of eventTypes) stops.push(forward(name))
      tellState({ origins })
    },
    receive(message) {
      switch (message.type) {
        case 'acquire':
          void serve(message.call, async (signal) => session.acquire({ ...askedIn(message), signal }))
          break
        case 'refresh':
          void serve(message.call, async () => session.refresh())
          break
        case 'signIn':
          void serve(message.call, async () => session.signIn(taken(message.tokens, members.tokens)))
          break
        case 'signOut':
          signOutFor(message.call)
          break
        case 'abandon':
          leave(message.call)
          break
        case 'expire':
          session.expire()
          break
        case 'hold':
          hold(message)
          break
        case 'release':
          release(message.hold)
          break
        case 'expiring':
          hearExpiring(message.isHeard === true)
          break
        case 'trace':
          enter(session, message.entry)
          break
        default:
      }
    },
    end() {
      for (const call of calls.keys()) leave(call)
      for (const stop of [...stops, ...holds.values()]) stop()
      holds.clear()
      hearExpiring(false)
      watched?.removeEventListener('abort', tellEnd)
    },
  }
}

/** Returns what a far end asked for. What it says was refused and is no credential is none of any sign-in. */
function askedIn({ refused, final, minValidityMs }: { [Member in keyof AcquireOptions]?: unknown }): AcquireOptions {
  return {
    ...(refused !== undefined && { refused: credentialIn(refused) ?? { epoch: -1, version: -1, tokenType: '' } }),
    final: final === true,
    ...(typeof minValidityMs === 'number' && { minValidityMs }),
  }
}

const levels = ['debug', 'info', 'warn', 'error']

function enter({ trace }: RemoteSession, data: unknown): void {
  const { type, level, ...rest } = taken(data, members.entry)
  if (type === undefined || !levels.includes(level ?? '')) return
  trace?.({ type: type as TraceEntry['type'], level: level as TraceEntry['level'], ...rest })
}

const isDuration = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value < 2 ** 29
