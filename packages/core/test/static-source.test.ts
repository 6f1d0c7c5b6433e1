import { describe, expect, it, vi } from 'vitest'

import { staticSource } from '../src/static-source.ts'

describe('staticSource', () => {
  it('gives the one token that it has', async () => {
    const source = staticSource('A')
    expect(await source.acquire()).toMatchObject({ accessToken: 'A', tokenType: 'Bearer' })
    expect(await source.acquire({ minValidityMs: 1e9 })).toBe(await source.acquire())
  })

  it('has no other for a refused one', async () => {
    const source = staticSource('A')
    const refused = await source.acquire()
    await expect(source.acquire({ refused })).rejects.toMatchObject({ name: 'AuthenticationError', reason: 'refused' })
    await expect(source.acquire({ refused, final: true })).rejects.toMatchObject({ reason: 'refused' })
    expect(await source.acquire()).toBe(refused)
  })

  it('ends a wait with the reason of its signal', async () => {
    const reason = { left: true }
    await expect(staticSource('A').acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('sends its token to the origins that are listed, and without a list to none', () => {
    const listed = staticSource('A', { origins: ['https://api.example.com'] })
    expect(listed.origins('https://api.example.com/v1')).toBe(true)
    expect(listed.origins('https://evil.test/')).toBe(false)
    expect(staticSource('A').origins('https://api.example.com/')).toBe(false)
    expect(() => staticSource('A', { origins: ['api.example.com'] })).toThrow(TypeError)
  })

  it('never ends', () => {
    expect(staticSource('A').signal.aborted).toBe(false)
  })

  it('may be held, of which nobody is told anything', async () => {
    const source = staticSource('A')
    const told = vi.fn<() => void>()
    const dispose = source.hold({ onCredential: told, onEnd: told })
    const refused = await source.acquire()
    await expect(source.acquire({ refused })).rejects.toMatchObject({ reason: 'refused' })
    dispose()
    dispose[Symbol.dispose]()
    expect(told).not.toHaveBeenCalled()
  })
})
