import { createFetch } from '@reauth/fetch'
import { kyAuth } from '@reauth/fetch/ky'
import { adapterContract, type UseResult } from '@reauth/testkit'
import ky from 'ky'
import { describe, it } from 'vitest'

/** What a caller of fetch makes of an answer. */
function resultOf({ ok, status }: Response): UseResult {
  if (ok) return 'ok'
  if (status === 403) return 'denied'
  return 'refused'
}

describe('createFetch', () => {
  const contract = adapterContract(({ source, issuer }) => {
    const authFetch = createFetch(source, { fetch: issuer.fetch })
    return {
      async use(url, { signal } = {}) {
        const response = await authFetch(url, { signal: signal ?? null })
        // The body stays unread where it is not what was asked for.
        if (response.ok) await response.json()
        return resultOf(response)
      },
    }
  })
  for (const { title, run } of contract) it(title, run)
})

describe('createFetch, with a Request that has a body', () => {
  const contract = adapterContract(({ source, issuer }) => {
    const authFetch = createFetch(source, { fetch: issuer.fetch })
    return {
      async use(url, { signal } = {}) {
        return resultOf(await authFetch(new Request(url, { method: 'POST', body: 'text', signal: signal ?? null })))
      },
    }
  })
  for (const { title, run } of contract) it(title, run)
})

describe('createFetch, with attach', () => {
  const contract = adapterContract(({ source, issuer }) => {
    const authFetch = createFetch(source, {
      fetch: issuer.fetch,
      attach(request, { accessToken }) {
        request.headers.set('authorization', `Bearer ${accessToken}`)
        return request
      },
    })
    return { use: async (url, { signal } = {}) => resultOf(await authFetch(url, { signal: signal ?? null })) }
  })
  for (const { title, run } of contract) it(title, run)
})

describe('kyAuth', () => {
  const contract = adapterContract(({ source, issuer }) => {
    // Its own retries would repeat what the contract counts, and its timeout would be a timer of the machine's.
    const api = ky.create({ fetch: issuer.fetch, retry: 0, timeout: false, ...kyAuth(source) })
    return {
      async use(url, { signal } = {}) {
        const response = await api(url, { ...(signal && { signal }), throwHttpErrors: (status) => status !== 401 })
        if (response.ok) await response.json()
        return resultOf(response)
      },
    }
  })
  for (const { title, run } of contract) it(title, run)
})

describe('kyAuth, with a JSON body and retries of ky', () => {
  const contract = adapterContract(({ source, issuer }) => {
    const api = ky.create({
      fetch: issuer.fetch,
      retry: { limit: 2, delay: () => 0 },
      timeout: false,
      ...kyAuth(source),
    })
    return {
      async use(url, { signal } = {}) {
        return resultOf(
          await api.post(url, {
            json: { a: 1 },
            ...(signal && { signal }),
            throwHttpErrors: (status) => status !== 401,
          }),
        )
      },
    }
  })
  for (const { title, run } of contract) it(title, run)
})
