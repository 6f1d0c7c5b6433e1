import { resolveUrl } from './destination.ts'

/** One challenge of `WWW-Authenticate` (RFC 9110, section 11.6.1); scheme and names in lower case. */
export interface Challenge {
  readonly scheme: string
  readonly parameters: Readonly<Record<string, string>>
  readonly token68?: string
}

/** Anything with headers, such as a Response. */
export interface WithHeaders {
  readonly headers: { get(name: string): string | null }
}

// Sticky, and each leaves the text behind it alone, so that one pass is linear in the length of the header.
const separators = /[\s,]*/y
const word = /[\w!#$%&'*+.^`|~-]+/y
const equals = /[ \t]*=[ \t]*/y
const token68 = /[ \t]+([\w.~+/-]+=*)(?=[ \t]*(?:,|$))/y
const quoted = /"((?:[^"\\]|\\.)*)"?/sy

/** Returns the challenges of an answer. Never throws: what is malformed is passed over. */
export function parseChallenges(response: WithHeaders): Challenge[] {
  const text = response.headers.get('www-authenticate')
  if (!text) return []
  const challenges: { scheme: string; parameters: Record<string, string>; token68?: string }[] = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match !== null) at = pattern.lastIndex
    return match
  }
  while ((take(separators), at < text.length)) {
    const name = take(word)?.[0].toLowerCase()
    const current = challenges.at(-1)
    if (name === undefined) {
      at++
    } else if (current !== undefined && take(equals)) {
      const string = take(quoted)?.[1]?.replaceAll(/\\(.)/gs, '$1')
      const value = string ?? take(word)?.[0] ?? ''
      if (!Object.hasOwn(current.parameters, name)) current.parameters[name] = value
    } else {
      const data = take(token68)?.[1]
      challenges.push({
        scheme: name,
        parameters: Object.create(null) as Record<string, string>,
        ...(data !== undefined && { token68: data }),
      })
    }
  }
  return challenges
}

/** What a server wants of a stronger sign-in (RFC 9470, section 3). */
export interface StepUp {
  /** Space-separated, in order of preference. */
  readonly acrValues?: string
  /** The oldest sign-in that will do, in seconds, as OpenID Connect's `max_age`. */
  readonly maxAge?: number
}

/** Returns the step-up that an answer asks for; undefined if it asks for none. Another token of this sign-in will not help. */
export function parseStepUp(response: WithHeaders): StepUp | undefined {
  const asked = parseChallenges(response).find(
    ({ parameters }) => parameters['error'] === 'insufficient_user_authentication',
  )
  if (asked === undefined) return undefined
  const { acr_values: acrValues, max_age: maxAge } = asked.parameters
  return {
    ...(acrValues !== undefined && { acrValues }),
    ...(maxAge !== undefined && /^\d+$/.test(maxAge) && { maxAge: Number(maxAge) }),
  }
}

/** What an answer says of the credential: another one may help; none will; try later. Undefined: nothing. */
export type Verdict = 'refused' | 'denied' | 'transient'

/** An HTTP answer, such as a Response. */
interface Answer extends WithHeaders {
  readonly status: number
  readonly redirected?: boolean
  readonly url?: string
}

/**
 * Returns the verdict of an HTTP answer. 401 is a refusal, except where it asks for a step-up or a DPoP nonce;
 * `insufficient_scope` (RFC 6750, section 3.1) and any 403 are denials. `address` is where the request was sent.
 */
export function classifyResponse(response: Answer, address?: string | URL): Verdict | undefined {
  // After a redirect to another origin fetch sends no `Authorization`, so what comes from there says nothing of ours.
  if (address && response.redirected && new URL(response.url ?? '').origin !== resolveUrl(address).origin)
    return undefined
  if (response.status === 403) return 'denied'
  if (response.status !== 401) return undefined
  const errors = parseChallenges(response).map(({ parameters }) => parameters['error'])
  if (errors.includes('insufficient_scope')) return 'denied'
  const isOther = errors.includes('insufficient_user_authentication') || errors.includes('use_dpop_nonce')
  return isOther ? undefined : 'refused'
}
