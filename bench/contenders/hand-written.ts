/** What a `fetch` of one's own needs to have: it gets a new access token. */
export type GetToken = () => Promise<string>

/**
 * The wrapper that applications write: copies the headers, adds the token, and after a 401 refreshes once for everybody
 * and sends again. It does no more than that: no origins, no streams, no sign-out, no second refusal.
 */
export function handWritten(send: typeof fetch, getToken: GetToken): typeof fetch {
  let token = 'a1'
  let refreshing: Promise<string> | undefined

  const authorized = (input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> => {
    const headers = new Headers(init?.headers)
    headers.set('authorization', `Bearer ${token}`)
    return send(input, { ...init, headers })
  }

  return async (input, init) => {
    const response = await authorized(input, init)
    if (response.status !== 401) return response
    refreshing ??= getToken().finally(() => {
      refreshing = undefined
    })
    token = await refreshing
    return authorized(input, init)
  }
}

/** The least that survives a storm: what no wrapper can do without, and nothing else. */
export function idealLoop(send: typeof fetch, getToken: GetToken): typeof fetch {
  let token = 'a1'
  let refreshing: Promise<void> | undefined

  return async (input, init) => {
    const used = token
    const response = await send(input, { ...init, headers: { ...init?.headers, authorization: `Bearer ${used}` } })
    if (response.status !== 401) return response
    if (used === token) {
      refreshing ??= getToken().then((fresh) => {
        token = fresh
        refreshing = undefined
      })
      await refreshing
    }
    return send(input, { ...init, headers: { ...init?.headers, authorization: `Bearer ${token}` } })
  }
}
