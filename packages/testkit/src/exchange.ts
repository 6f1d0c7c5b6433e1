/**
 * Where a request went: the token endpoint in one of its forms, the protected resource, something else at the issuer's
 * origin, or another origin.
 */
export type ExchangeKind = 'token' | 'api' | 'other' | 'foreign'

/**
 * What became of a request, as its sender sees it: the status of the answer; no answer yet; a network error; the sender
 * gave up.
 */
export type ExchangeAnswer = number | 'pending' | 'lost' | 'aborted'

/** One request and what became of it. */
export interface Exchange {
  readonly kind: ExchangeKind
  /** Counts the requests of its kind, from 1. */
  readonly ordinal: number
  readonly method: string
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** What was sent, byte for byte. */
  readonly body: Uint8Array
  /** The access token that it carried, in the `Authorization` header or else the cookie `access_token`. */
  readonly accessToken?: string | undefined
  /** The refresh token that it presented, if it went to the token endpoint. */
  readonly refreshToken?: string | undefined
  readonly answer: ExchangeAnswer
}

/** Takes a request apart. The body is read to its end before anything is answered. */
export async function readExchange(
  request: Request,
  kind: ExchangeKind,
): Promise<Omit<Exchange, 'ordinal' | 'answer'>> {
  const { method, url } = request
  const headers = Object.fromEntries(request.headers)
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = hasBody ? new Uint8Array(await request.arrayBuffer()) : new Uint8Array()
  const read = { kind, method, url, headers, body }
  return {
    ...read,
    accessToken: bearerOf(headers) ?? cookieOf(headers, 'access_token'),
    refreshToken: kind === 'token' ? refreshTokenOf(read) : undefined,
  }
}

/** Returns the parameters of a token request, in whichever form they came; empty if they came in none. */
export function parametersOf({ headers, body }: Pick<Exchange, 'headers' | 'body'>): URLSearchParams {
  const text = new TextDecoder().decode(body)
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return new URLSearchParams(text)
  if (type !== 'application/json') return new URLSearchParams()
  try {
    const members = Object.entries(JSON.parse(text) as object)
    return new URLSearchParams(members.filter((member): member is [string, string] => typeof member[1] === 'string'))
  } catch {
    return new URLSearchParams()
  }
}

function refreshTokenOf(read: Pick<Exchange, 'headers' | 'body'>): string | undefined {
  return parametersOf(read).get('refresh_token') ?? cookieOf(read.headers, 'refresh_token')
}

function bearerOf(headers: Readonly<Record<string, string>>): string | undefined {
  return /^bearer +(\S+)$/i.exec(headers['authorization'] ?? '')?.[1]
}

function cookieOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  const pairs = (headers['cookie'] ?? '').split(/; */)
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
}
