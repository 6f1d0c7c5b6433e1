import { checkListed, type CredentialSource, resolveUrl } from '@reauth/core'

import { createFeed, type Feed } from './feed.ts'
import type { StreamOptions } from './stream-options.ts'

const connecting = 0
const open = 1
const ended = 2

const types = ['open', 'message', 'error'] as const

type Handlers = { [Type in `on${(typeof types)[number]}`]: ((event: Event) => unknown) | null }

/**
 * Returns a class that stands in for `EventSource` (WHATWG HTML, section 9.2) and goes on over an expiry. Its `error`
 * events have the `error`, and its `code` where there is one: a status, 401 or 403.
 *
 * Constructing throws a `TypeError` for an address that the session's credential may not go to.
 */
export function createEventSource(source: CredentialSource, options: StreamOptions = {}): typeof EventSource {
  class SessionEventSource extends EventTarget implements Handlers {
    readonly url: string
    readonly withCredentials: boolean
    onopen: Handlers['onopen'] = null
    onmessage: Handlers['onmessage'] = null
    onerror: Handlers['onerror'] = null
    #readyState: 0 | 1 | 2 = connecting
    #origin = ''
    readonly #feed: Feed

    constructor(address: string | URL, init?: EventSourceInit | null) {
      super()
      const { withCredentials = false } = init ?? {}
      const url = checkListed(source, resolveUrl(address))
      this.url = url.href
      this.withCredentials = withCredentials
      for (const type of types) this.addEventListener(type, (event) => this[`on${type}`]?.(event))
      const credentials = withCredentials ? 'include' : 'same-origin'
      this.#feed = createFeed(
        source,
        options,
        url,
        { credentials },
        {
          onOpen: (response) => {
            // What a stub answers has no URL.
            this.#origin = new URL(response.url || url).origin
            this.#move(open, new Event('open'))
          },
          onLost: (error) => {
            this.#move(connecting, errorEvent(error))
          },
          onEvent: ({ type, ...told }) => {
            this.dispatchEvent(new MessageEvent(type, { ...told, origin: this.#origin }))
          },
        },
      )
      void this.#feed
        .read()
        // A 204 is no error to a stream, and to this class the end as any other.
        .then(
          () => undefined,
          (error: unknown) => error,
        )
        .then((error) => this.#move(ended, errorEvent(error)))
    }

    get readyState(): 0 | 1 | 2 {
      return this.#readyState
    }

    close(): void {
      this.#readyState = ended
      this.#feed.close()
    }

    #move(to: 0 | 1 | 2, event: Event): void {
      // Closed by its owner, who need not be told.
      if (this.#readyState === ended) return
      this.#readyState = to
      this.dispatchEvent(event)
    }
  }
  for (const target of [SessionEventSource, SessionEventSource.prototype]) {
    Object.assign(target, { CONNECTING: connecting, OPEN: open, CLOSED: ended })
  }
  return SessionEventSource as unknown as typeof EventSource
}

function errorEvent(error: unknown): Event {
  const { code, status = code, message } = Object(error) as { code?: number; status?: number; message?: string }
  return Object.assign(new Event('error'), { error, code: status, message })
}
