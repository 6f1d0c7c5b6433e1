import { adapterContract } from '@reauth/testkit'
import { describe, it } from 'vitest'

import { createStream } from '../src/create-stream.ts'
import { asStream } from './as-stream.ts'

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
