import { parseTokenResponse, type Refresh, RefreshError, type TokenSet } from '@reauth/core'
import * as oauth from 'oauth4webapi'

import { client, clientAuth, discover, overLoopback } from './issuer-client.ts'

/** The refresh grant (RFC 6749 §6). Says of each failure whether it is a verdict: only `invalid_grant` is. */
export const refreshGrant: Refresh = async ({ tokens: { refreshToken }, signal }) => {
  if (refreshToken === undefined) throw new RefreshError('The issuer gave no refresh token', { reason: 'rejected' })
  const server = await discover().catch((cause: unknown) => {
    throw new RefreshError('The issuer cannot be reached', { reason: 'unavailable', sent: false, cause })
  })
  return read(server, await send(server, refreshToken, signal))
}

async function send(server: oauth.AuthorizationServer, refreshToken: string, signal: AbortSignal): Promise<Response> {
  try {
    const options = { ...overLoopback, signal }
    const response = await oauth.refreshTokenGrantRequest(server, client, clientAuth, refreshToken, options)
    // a connection that breaks in the middle of the answer loses it as well
    return new Response(await response.text(), { status: response.status || 502, headers: response.headers })
  } catch (cause) {
    throw new RefreshError('The answer of the issuer was lost', { reason: 'lost', sent: true, cause })
  }
}

async function read(server: oauth.AuthorizationServer, response: Response): Promise<TokenSet> {
  const { status, headers } = response
  if (status === 429 || status >= 500 || !(await isJson(response))) {
    throw new RefreshError(`The issuer is not available (HTTP ${status})`, {
      reason: 'unavailable',
      retryAfterMs: retryAfterMs(headers.get('retry-after')),
    })
  }
  try {
    return parseTokenResponse(await oauth.processRefreshTokenResponse(server, client, response))
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError) {
      const reason = error.error === 'invalid_grant' ? 'rejected' : 'misconfigured'
      throw new RefreshError(`The issuer answered ${error.error}`, { reason, cause: error })
    }
    // no cause here: oauth4webapi keeps the body in it, and half of a wrong answer may be a right token
    throw new RefreshError('The issuer gave an answer that is not a token set', { reason: 'misconfigured' })
  }
}

/** A captive portal answers 200 with its own page: that says nothing about the token. */
async function isJson(response: Response): Promise<boolean> {
  try {
    await response.clone().json()
    return true
  } catch {
    return false
  }
}

function retryAfterMs(value: string | null): number | undefined {
  if (value === null) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return ms >= 0 ? ms : undefined
}
