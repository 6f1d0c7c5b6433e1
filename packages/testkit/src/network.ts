import { type Exchange, type ExchangeAnswer, type ExchangeKind, readExchange } from './exchange.ts'
import type { Fault } from './fault.ts'
import type { IssuerClock } from './issuer-clock.ts'
import { untilAborted } from './until-aborted.ts'

/** What is between a client and the servers: it numbers and records every request, and lets faults strike. */
export interface Network {
  /** Sends a request as `fetch` does, and rejects as `fetch` does. */
  send(request: Request, kind: ExchangeKind): Promise<Response>
  /** Every request that was sent, in the order in which they arrived. */
  readonly exchanges: readonly Exchange[]
}

/** Who is at the network's other end. */
export interface NetworkHost {
  readonly clock: IssuerClock
  /** Processes a request. */
  answer(exchange: Exchange): Response
  /** Returns the fault that a request meets. */
  faultFor(exchange: Exchange): Fault | undefined
  /** Takes note of a request before anything happens to it. */
  opened(exchange: Exchange): void
  /** Takes note of how it ended, before its sender hears of it. No answer: lost or aborted. */
  closed(exchange: Exchange, answer?: Response): void | Promise<void>
}

/** Returns a network that has carried nothing yet. */
export function createNetwork({ clock, answer, faultFor, opened, closed }: NetworkHost): Network {
  const exchanges: (Exchange & { answer: ExchangeAnswer })[] = []
  const counts = new Map<ExchangeKind, number>()

  function numbered(kind: ExchangeKind): number {
    const ordinal = (counts.get(kind) ?? 0) + 1
    counts.set(kind, ordinal)
    return ordinal
  }

  async function carry(exchange: Exchange, signal: AbortSignal): Promise<Response> {
    const proceed = (): Promise<Response> => Promise.resolve(answer(exchange))
    const fault = faultFor(exchange)
    if (fault === undefined) return proceed()
    return untilAborted(signal, fault({ exchange, clock, signal, proceed }))
  }

  return {
    exchanges,
    async send(request, kind) {
      const { signal } = request
      signal.throwIfAborted()
      const read = await readExchange(request, kind)
      const exchange = { ...read, ordinal: numbered(kind), answer: 'pending' as ExchangeAnswer }
      exchanges.push(exchange)
      opened(exchange)
      try {
        const response = await carry(exchange, signal)
        exchange.answer = response.status
        await closed(exchange, response)
        return withUrl(response, request.url)
      } catch (error) {
        exchange.answer = signal.aborted ? 'aborted' : 'lost'
        await closed(exchange)
        throw error
      }
    },
  }
}

/** A response that was made by hand has no URL; one that was fetched does. */
function withUrl(response: Response, url: string): Response {
  return Object.defineProperty(response, 'url', { value: url, configurable: true })
}
