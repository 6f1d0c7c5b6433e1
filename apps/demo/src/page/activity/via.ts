import type { AcquireOptions, Credential, CredentialSource } from '@reauth/core'

import { type Lane, log } from './event-log.ts'
import { isOffline } from './network.ts'
import { record } from './trace-log.ts'

/** The session as one transport sees it: what the adapter tells goes into that transport's lane. */
export function via<Source extends CredentialSource>(lane: Lane, source: Source): Source {
  return Object.create(source, {
    trace: {
      value: (entry: Parameters<NonNullable<CredentialSource['trace']>>[0]) => {
        record({ ...entry, at: Date.now(), session: lane }, lane)
      },
    },
    acquire: {
      value: (options: AcquireOptions = {}): Promise<Credential> => {
        if (options.refused !== undefined) {
          const { version } = options.refused
          record({ type: 'refused', level: 'info', version, at: Date.now(), session: lane }, lane)
        }
        return source.acquire(options)
      },
    },
  }) as Source
}

let requests = 0

/** `fetch`, with both halves of every request in the log: method, path and status, never a header or a query. */
export function inspected(lane: Lane): typeof fetch {
  return async (input, init) => {
    const request = ++requests
    const { url, method } = input instanceof Request ? input : { url: String(input), method: init?.method ?? 'GET' }
    const at = Date.now()
    log({ kind: 'sent', lane, at, request, method: init?.method ?? method, path: new URL(url, location.href).pathname })
    try {
      if (isOffline.get()) throw new TypeError('Failed to fetch')
      const response = await fetch(input, init)
      log({ kind: 'answered', lane, at: Date.now(), request, status: response.status, ms: Date.now() - at })
      return response
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown'
      log({ kind: 'broken', lane, at: Date.now(), request, reason, ms: Date.now() - at })
      throw error
    }
  }
}
