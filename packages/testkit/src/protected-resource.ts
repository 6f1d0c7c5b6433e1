import { base64 } from './base64.ts'
import type { Exchange } from './exchange.ts'
import type { AccessTokenStatus } from './token-ledger.ts'

/** What the echo endpoint saw. */
export interface Echo {
  method: string
  url: string
  /** Names in lower case. */
  headers: Record<string, string>
  /** The bytes, in base64. */
  body: string
}

/**
 * Answers for the protected resource. The end of the path decides about a token that is good: `/denied` is a 403 for
 * everybody, `/refused` a 401 for everybody, as from an endpoint that was set up wrong; `/echo` tells what arrived; any
 * other path tells whose token it was.
 */
export function answerApiRequest(exchange: Exchange, status: AccessTokenStatus, identity?: string): Response {
  const { pathname } = new URL(exchange.url)
  if (exchange.accessToken === undefined) return refusal()
  if (status !== 'ok') return refusal(`The access token is ${status}`)
  if (pathname.endsWith('/refused')) return refusal('The access token is for another audience')
  if (pathname.endsWith('/denied')) return challenge(403, 'error="insufficient_scope", scope="admin"')
  if (pathname.endsWith('/echo')) return Response.json(echoOf(exchange))
  return Response.json({ identity, path: pathname })
}

function echoOf({ method, url, headers, body }: Exchange): Echo {
  return { method, url, headers, body: base64(body) }
}

/** Without a credential there is no error code in the challenge (RFC 6750, section 3.1). */
function refusal(description?: string): Response {
  if (description === undefined) return challenge(401)
  return challenge(401, `error="invalid_token", error_description="${description}"`)
}

function challenge(status: number, parameters?: string): Response {
  const realm = 'Bearer realm="testkit"'
  const value = parameters === undefined ? realm : `${realm}, ${parameters}`
  return new Response(null, { status, headers: { 'www-authenticate': value } })
}
