import type { Fault } from './fault.ts'

/** The rest of an answer. */
export interface StatusOptions {
  /** As it stands in the header: seconds, or an HTTP-date, which a `Date` becomes. */
  retryAfter?: string | number | Date
  /** Text as it is; anything else as JSON. @default none */
  body?: unknown
  headers?: Readonly<Record<string, string>>
}

/** Somebody on the way answers with a status, and nothing was processed. */
export function status(code: number, { retryAfter, body, headers = {} }: StatusOptions = {}): Fault {
  return async () => {
    const answer = new Headers(headers)
    if (retryAfter !== undefined) {
      answer.set('retry-after', retryAfter instanceof Date ? retryAfter.toUTCString() : String(retryAfter))
    }
    if (body === undefined || typeof body === 'string')
      return new Response(body ?? null, { status: code, headers: answer })
    if (!answer.has('content-type')) answer.set('content-type', 'application/json')
    return new Response(JSON.stringify(body), { status: code, headers: answer })
  }
}

/** A page in the answer's place: with 200 that of a captive portal, with 502 that of a proxy. */
export function html(code = 200): Fault {
  const body = '<!doctype html><title>Welcome</title><p>Accept the terms to go on.'
  return status(code, { body, headers: { 'content-type': 'text/html; charset=utf-8' } })
}

/** An answer that says JSON and breaks off. */
export function malformedJson(code = 200): Fault {
  return status(code, { body: '{"access_token":"', headers: { 'content-type': 'application/json' } })
}

/** The request is processed, and what its JSON answer says is changed on the way. */
export function editAnswer(edit: (json: Record<string, unknown>) => unknown): Fault {
  return async ({ proceed }) => {
    const answer = await proceed()
    const json = (await answer.json()) as Record<string, unknown>
    const { status: code, headers } = answer
    return new Response(JSON.stringify(edit(json)), { status: code, headers })
  }
}

/** A 401 whose challenge says that the access token is no good, whatever it is (RFC 6750, section 3.1). */
export function refuse(): Fault {
  return status(401, { headers: { 'www-authenticate': 'Bearer realm="testkit", error="invalid_token"' } })
}

/** A 403 whose challenge says that the access token does not reach that far (RFC 6750, section 3.1). */
export function deny(): Fault {
  return status(403, { headers: { 'www-authenticate': 'Bearer realm="testkit", error="insufficient_scope"' } })
}
