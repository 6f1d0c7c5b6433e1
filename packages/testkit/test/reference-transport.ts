import type { AcquireOptions, Credential, CredentialSource } from '@reauth/core'
import type { MakeTransport, UseResult } from '@reauth/testkit'

type Send = (url: string, credential: Credential | undefined, signal: AbortSignal) => Promise<Response>

/** What a planted bug may replace. */
export interface Parts {
  acquire?: (source: CredentialSource, options?: AcquireOptions) => Promise<Credential>
  isRefusal?: (status: number) => boolean
  urlOf?: (url: string, credential: Credential) => string
  mayGo?: (source: CredentialSource, url: string) => boolean
  signalOf?: (source: CredentialSource, own: AbortSignal | undefined) => AbortSignal
  tries?: number
  isFinal?: boolean
}

const never = new AbortController().signal

/** The loop of an adapter over `fetch`, and with it whatever bug is planted. */
export function referenceTransport(parts: Parts = {}): MakeTransport {
  const {
    acquire = (source, options) => source.acquire(options),
    isRefusal = (status) => status === 401,
    urlOf = (url) => url,
    mayGo = (source, url) => source.origins(url),
    signalOf = (source, own) => AbortSignal.any([own ?? never, source.signal]),
    tries = 2,
    isFinal = true,
  } = parts

  return ({ source, issuer }) => {
    const send: Send = (url, credential, signal) => {
      const headers = new Headers()
      if (credential !== undefined) headers.set('authorization', `Bearer ${credential.accessToken}`)
      return issuer.fetch(url, { headers, signal })
    }

    return {
      async use(url, { signal } = {}) {
        if (!mayGo(source, url)) return resultOf(await send(url, undefined, signal ?? never))
        const both = signalOf(source, signal)
        const own = signal === undefined ? {} : { signal }
        let credential = await acquire(source, own)
        for (let attempt = 1; ; attempt++) {
          const answer = await send(urlOf(url, credential), credential, both)
          if (!isRefusal(answer.status)) return resultOf(answer)
          if (attempt === tries) {
            if (isFinal) await acquire(source, { refused: credential, final: true })
            return resultOf(answer)
          }
          credential = await acquire(source, { ...own, refused: credential })
        }
      },
    }
  }
}

function resultOf({ status }: Response): UseResult {
  if (status === 401) return 'refused'
  return status === 403 ? 'denied' : 'ok'
}
