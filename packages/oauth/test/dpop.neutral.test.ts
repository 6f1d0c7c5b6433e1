import { type Credential, memoryStorage } from '@reauth/core'
import { describe, expect, it } from 'vitest'

import { createDpop, type Dpop } from '../src/dpop.ts'
import { hashOf, proofIn } from './support/proof.ts'

const credential: Credential = { accessToken: 'at-1', tokenType: 'DPoP', epoch: 1, version: 1 }
const url = 'https://api.test/notes/1?draft=1#end'

const create = (): Dpop => createDpop({ storage: memoryStorage() })

const proofOn = async (request: Request): ReturnType<typeof proofIn> => proofIn(request.headers.get('dpop'))

const challengeWith = (nonce: string): Response =>
  new Response(null, {
    status: 401,
    headers: { 'dpop-nonce': nonce, 'www-authenticate': 'DPoP error="use_dpop_nonce"' },
  })

describe('a proof of possession', () => {
  it('is for this request and this token, and signed', async () => {
    const attached = await create().attach(new Request(url, { method: 'PUT', body: 'x' }), credential)
    expect(attached.headers.get('authorization')).toBe('DPoP at-1')
    const { header, claims } = await proofOn(attached)
    expect(header).toEqual({ alg: 'ES256', typ: 'dpop+jwt', jwk: expect.objectContaining({ kty: 'EC', crv: 'P-256' }) })
    expect(header.jwk).not.toHaveProperty('d')
    expect(claims).toEqual({
      htm: 'PUT',
      htu: 'https://api.test/notes/1',
      ath: await hashOf('at-1'),
      jti: expect.any(String),
      iat: expect.any(Number),
    })
  })

  it('is new for each attempt, by the same key', async () => {
    const { attach } = create()
    const request = new Request(url)
    const proofs = await Promise.all([1, 2, 3].map(async () => proofOn(await attach(request, credential))))
    expect(new Set(proofs.map(({ claims }) => claims['jti'])).size).toBe(3)
    expect(new Set(proofs.map(({ header }) => JSON.stringify(header.jwk))).size).toBe(1)
  })

  it.each(['GET', 'POST', 'DELETE', 'PATCH', 'QUERY'])('names the method %s', async (method) => {
    const { claims } = await proofOn(await create().attach(new Request(url, { method }), credential))
    expect(claims['htm']).toBe(method)
  })

  it.each([
    ['https://api.test', 'https://api.test/'],
    ['https://API.test:443/a b?c', 'https://api.test/a%20b'],
    ['http://127.0.0.1:8080/x#y', 'http://127.0.0.1:8080/x'],
  ])('names %s without its query, as %s', async (address, htu) => {
    const { claims } = await proofOn(await create().attach(new Request(address), credential))
    expect(claims['htu']).toBe(htu)
  })

  it('leaves the request otherwise as it was', async () => {
    const controller = new AbortController()
    const request = new Request(url, {
      method: 'POST',
      body: 'text',
      headers: { 'content-type': 'text/plain', 'x-own': '1', authorization: 'Basic x', dpop: 'old' },
      signal: controller.signal,
    })
    const attached = await create().attach(request, credential)
    expect([attached.method, attached.url, attached.headers.get('x-own')]).toEqual(['POST', url, '1'])
    expect(attached.headers.get('authorization')).toBe('DPoP at-1')
    expect(attached.headers.get('dpop')).not.toContain('old')
    expect(await attached.text()).toBe('text')
    controller.abort()
    expect(attached.signal.aborted).toBe(true)
  })

  it('has the nonce that a challenge asked for, and keeps it for the origin', async () => {
    const { attach } = create()
    const nonces = []
    for (const [address, challenge] of [
      [url, undefined],
      [url, challengeWith('n-1')],
      ['https://api.test/other', undefined],
      ['https://other.test/', undefined],
      [url, challengeWith('n-2')],
      [url, new Response(null, { status: 401 })],
    ] as const) {
      nonces.push((await proofOn(await attach(new Request(address), credential, challenge))).claims['nonce'])
    }
    expect(nonces).toEqual([undefined, 'n-1', 'n-1', undefined, 'n-2', 'n-2'])
  })
})

describe('attach', () => {
  it('sends a Bearer token as it is', async () => {
    const attached = await create().attach(new Request(url), { ...credential, tokenType: 'Bearer' })
    expect(Object.fromEntries(attached.headers)).toEqual({ authorization: 'Bearer at-1' })
  })

  it('leaves the request alone where there is no access token', async () => {
    const request = new Request(url)
    const { accessToken: _, ...bare } = credential
    expect(await create().attach(request, bare)).toBe(request)
    expect([...request.headers]).toEqual([])
  })
})

describe('the key', () => {
  it('is one for all who ask at once', async () => {
    const dpop = create()
    const [one, two] = await Promise.all([dpop.handle(), dpop.handle()])
    expect(one).toBe(two)
  })

  it('is the same after a reload', async () => {
    const storage = memoryStorage()
    const [before, after] = [createDpop({ name: 'a', storage }), createDpop({ name: 'a', storage })]
    const thumbprint = await (await before.handle()).calculateThumbprint()
    expect(await (await after.handle()).calculateThumbprint()).toBe(thumbprint)
  })

  it('is another for another name', async () => {
    const storage = memoryStorage()
    const handles = await Promise.all(['a', 'b'].map((name) => createDpop({ name, storage }).handle()))
    const [one, two] = await Promise.all(handles.map((handle) => handle.calculateThumbprint()))
    expect(one).not.toBe(two)
  })

  it('is one for two that create it at once over one storage', async () => {
    const storage = memoryStorage()
    const both = [createDpop({ storage }), createDpop({ storage })]
    const [one, two] = await Promise.all(both.map(async ({ handle }) => (await handle()).calculateThumbprint()))
    expect(one).toBe(two)
  })

  it('cannot be taken out', async () => {
    const storage = memoryStorage()
    await createDpop({ name: 'a', storage }).handle()
    const pair = storage.getItem('a') as CryptoKeyPair
    expect(pair.privateKey.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('jwk', pair.privateKey)).rejects.toMatchObject({ name: 'InvalidAccessError' })
  })

  it('takes the place of what is none, in a storage that gives copies', async () => {
    let item: unknown = { version: 1 }
    let turns = 0
    const storage = {
      getItem: () => (item instanceof Object && 'privateKey' in item ? item : structuredClone(item)),
      setItem(_: string, value: unknown) {
        item = value
      },
      removeItem() {},
      async replaceItem(_: string, expected: unknown, next: unknown) {
        if (++turns > 3) throw new Error('It never ends')
        if (item !== expected) return false
        item = next
        return true
      },
    }
    const thumbprint = await (await createDpop({ storage }).handle()).calculateThumbprint()
    expect(await (await createDpop({ storage }).handle()).calculateThumbprint()).toBe(thumbprint)
  })

  it('is asked for again after its storage has failed once', async () => {
    const storage = memoryStorage()
    const failure = new DOMException('Not now', 'UnknownError')
    let calls = 0
    const dpop = createDpop({
      storage: {
        ...storage,
        getItem(key) {
          if (calls++ === 0) throw failure
          return storage.getItem(key)
        },
      },
    })
    await expect(dpop.handle()).rejects.toMatchObject({ name: 'RefreshError', reason: 'unavailable', cause: failure })
    expect(await dpop.handle()).toBe(await dpop.handle())
    expect(calls).toBe(2)
  })

  it('is unavailable while what is stored looks like one and is none, as after a copy through JSON', async () => {
    let item: unknown = { privateKey: {}, publicKey: {} }
    const dpop = createDpop({ storage: { ...memoryStorage(), getItem: () => item } })
    await expect(dpop.handle()).rejects.toMatchObject({ name: 'RefreshError', reason: 'unavailable', sent: false })
    item = undefined
    expect(await dpop.handle()).toBe(await dpop.handle())
  })
})
