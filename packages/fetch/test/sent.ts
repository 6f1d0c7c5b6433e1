import type { Exchange } from '@reauth/testkit'

/** Returns what an exchange sent, as text. */
export function textOf({ body }: Exchange): string {
  return new TextDecoder().decode(body)
}

/** Returns what an exchange sent, as the form that its content type says it is. */
export function formOf({ body, headers }: Exchange): Promise<FormData> {
  return new Response(new Uint8Array(body), { headers: { 'content-type': headers['content-type'] ?? '' } }).formData()
}

/** What one call of a `fetch` was given. */
export interface Sent {
  readonly input: RequestInfo | URL
  readonly init: RequestInit | undefined
}

/** Returns a `fetch` that notes what it is given before the global one sends it. */
export function recordingFetch(): typeof fetch & { readonly sent: Sent[] } {
  const sent: Sent[] = []
  const record: typeof fetch = (input, init) => {
    sent.push({ input, init })
    return fetch(input, init)
  }
  return Object.assign(record, { sent })
}
