import { limited } from './limited.ts'
import { arrivalOf, type SessionHost } from './session-host.ts'
import type { SessionEvent } from './session-state.ts'
import type { TokenSet } from './token-set.ts'

/** Takes the place of an event where somebody has to be asked first; returns undefined where nobody has. */
export type Ask = (event: SessionEvent, host: SessionHost) => Promise<void> | undefined

/** Asks, once and where nothing was ever stored, who is signed in; whatever is thrown means nobody, and so does no answer. */
export function asking(restore: (context: { signal: AbortSignal }) => Promise<TokenSet | undefined>): Ask {
  let answer: Promise<void> | undefined
  let isAnswered = false

  async function ask(event: SessionEvent, host: SessionHost): Promise<void> {
    let arrival = event
    try {
      const tokens = await limited(host, (signal) => restore({ signal }))
      if (tokens && host.flawOf(tokens) === undefined) arrival = { ...arrivalOf(tokens, host), isRestored: true }
    } catch {
      // Nobody who is known to be.
    }
    isAnswered = true
    if (host.holding.status === 'loading') host.dispatch(arrival)
  }

  return (event, host) => {
    const isNews = event.type === 'adopted' && event.stored.epoch === 0 && host.holding.status === 'loading'
    if (isAnswered || !isNews) return undefined
    // Every look at the store finds nobody, until there is an answer: all of them wait for that one.
    return (answer ??= ask(event, host))
  }
}
