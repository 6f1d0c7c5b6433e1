import { adapterContract } from '@reauth/testkit'
import { describe, it } from 'vitest'

import { createEventSource } from '../src/create-event-source.ts'
import { createStream } from '../src/create-stream.ts'
import { asStream } from './support/as-stream.ts'

describe('createStream, iterated over', () => {
  const contract = adapterContract(({ source, issuer }) => {
    const stream = createStream(source, { fetch: asStream(issuer.fetch) })
    return {
      async use(url, { signal } = {}) {
        for await (const { data } of stream(url, { signal: signal ?? null })) return data === 'hello' ? 'ok' : 'refused'
        return 'refused'
      },
    }
  })
  for (const { title, run } of contract) it(title, run)
})

describe('createStream, with a callback and a POST', () => {
  const contract = adapterContract(({ source, issuer }) => {
    const stream = createStream(source, { fetch: asStream(issuer.fetch) })
    return {
      async use(url, { signal } = {}) {
        const events: string[] = []
        await stream.each(url, { method: 'POST', body: '{}', signal: signal ?? null }, ({ data }) => events.push(data))
        return events.join() === 'hello' ? 'ok' : 'refused'
      },
    }
  })
  for (const { title, run } of contract) it(title, run)
})

describe('createStream, with handover', () => {
  const contract = adapterContract(({ source, issuer }) => {
    const stream = createStream(source, { fetch: asStream(issuer.fetch), handover: true })
    return {
      async use(url, { signal } = {}) {
        for await (const { data } of stream(url, { signal: signal ?? null })) return data === 'hello' ? 'ok' : 'refused'
        return 'refused'
      },
    }
  })
  for (const { title, run } of contract) it(title, run)
})

describe('createEventSource', () => {
  const contract = adapterContract(({ source, issuer }) => {
    const Source = createEventSource(source, { fetch: asStream(issuer.fetch) })
    return {
      use(url, { signal } = {}) {
        return new Promise((resolve, reject) => {
          const events = new Source(url)
          const giveUp = (): void => {
            events.close()
            reject(signal?.reason)
          }
          signal?.addEventListener('abort', giveUp)
          if (signal?.aborted === true) giveUp()
          events.addEventListener('message', () => {
            events.close()
            resolve('ok')
          })
          events.addEventListener('error', (event) => {
            events.close()
            reject((event as Event & { error: unknown }).error)
          })
        })
      },
    }
  })
  for (const { title, run } of contract) it(title, run)
})
