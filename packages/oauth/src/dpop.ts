import {
  createKeyedLock,
  type Credential,
  indexedDbStorage,
  memoryStorage,
  RefreshError,
  type RefreshFailureReason,
  type TokenStorage,
} from '@reauth/core'
import {
  allowInsecureRequests,
  customFetch,
  DPoP,
  type DPoPHandle,
  generateKeyPair,
  protectedResourceRequest,
} from 'oauth4webapi'

import type { DpopKey } from './oauth-options.ts'

export interface DpopOptions {
  /** The name of the session that the key is for. @default 'reauth' */
  name?: string | undefined
  /**
   * Where the key is kept; it has to take a `CryptoKeyPair` as it is. A refresh token is of no use without its key, so it
   * lives as long as the tokens.
   *
   * @default IndexedDB; memory where there is none
   */
  storage?: TokenStorage | undefined
}

/** A key of this browser, and its proofs (RFC 9449). */
export interface Dpop extends DpopKey {
  /** Puts a credential and a new proof on a request: `attach` of `createFetch` and `kyAuth`. */
  attach(request: Request, credential: Credential, challenge?: Response): Promise<Request>
}

/**
 * Creates proofs of possession. The private key cannot be taken out of the browser, not even by this page; it is made at
 * the first use, once for all tabs.
 */
export function createDpop({ name = 'reauth', storage }: DpopOptions = {}): Dpop {
  let made: Promise<DPoPHandle> | undefined

  function handle(): Promise<DPoPHandle> {
    made ??= making
      .run(name, () => keyPairIn(storage ?? defaultStorage(), name))
      // What is stored may look like a pair and be none.
      .then((pair) => DPoP({}, pair))
      .catch((cause: unknown) => {
        made = undefined
        throw new RefreshError('The key of the tokens cannot be read', { reason: 'unavailable', sent: false, cause })
      })
    return made
  }

  return {
    handle,
    async bound(ask) {
      const key = await handle()
      const tokens = await ask(key)
        .catch((error: unknown) => {
          if (wantsNonce(error)) return ask(key)
          throw error
        })
        .catch((error: unknown) => {
          // A nonce that is not taken at the second try either is none of ours.
          throw wantsNonce(error) ? failure('The issuer takes none of its nonces', 'unavailable', error) : error
        })
      // Whoever sets a key relies on it (RFC 9449, section 5).
      if (tokens.tokenType === 'dpop') return tokens
      throw failure('The issuer gave a token that is not bound to the key', 'misconfigured')
    },
    async attach(request, { accessToken, tokenType }, challenge) {
      if (accessToken === undefined) return request
      const headers = new Headers(request.headers)
      headers.set('authorization', `${tokenType} ${accessToken}`)
      if (tokenType === 'DPoP') {
        const key = await handle()
        const nonce = challenge?.headers.get('dpop-nonce')
        if (nonce) await prove(key, request, accessToken, new Response(null, { headers: { 'dpop-nonce': nonce } }))
        headers.set('dpop', await prove(key, request, accessToken, new Response()))
      }
      return new Request(request, { headers })
    },
  }
}

/** Has oauth4webapi make the proof for a request that it does not send; it learns the nonce of the answer. */
async function prove(key: DPoPHandle, request: Request, accessToken: string, answer: Response): Promise<string> {
  let proof = ''
  await protectedResourceRequest(accessToken, request.method, new URL(request.url), new Headers(), null, {
    DPoP: key,
    [customFetch]: async (_url, { headers }) => {
      proof = new Headers(headers).get('dpop') ?? ''
      return answer
    },
    // Where the request may go is for who sends it to say.
    [allowInsecureRequests]: true,
  })
  return proof
}

const inMemory = memoryStorage()
/** One at a time in this process; other tabs are told apart by the storage. */
const making = createKeyedLock()

const defaultStorage = (): TokenStorage =>
  typeof indexedDB === 'undefined' ? inMemory : indexedDbStorage({ databaseName: 'reauth.dpop' })

async function keyPairIn(storage: TokenStorage, name: string): Promise<CryptoKeyPair> {
  const found: unknown = (await storage.getItem(name)) ?? null
  if (isKeyPair(found)) return found
  const pair = await generateKeyPair('ES256', { extractable: false })
  const item = pair as unknown as string
  if (found !== null || storage.replaceItem === undefined) await storage.setItem(name, item)
  // Another tab was faster: one key for all of them.
  else if (!(await storage.replaceItem(name, null, item))) return keyPairIn(storage, name)
  return pair
}

function isKeyPair(value: unknown): value is CryptoKeyPair {
  return typeof value === 'object' && value !== null && 'privateKey' in value
}

const wantsNonce = (error: unknown): boolean =>
  ((error as RefreshError).cause as { code?: string } | undefined)?.code === 'use_dpop_nonce'

/** What the issuer answered. */
function failure(message: string, reason: RefreshFailureReason, cause?: unknown): RefreshError {
  return new RefreshError(message, { reason, sent: true, cause })
}
