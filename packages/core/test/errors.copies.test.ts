import { describe, expect, it, vi } from 'vitest'

import * as here from '../src/errors.ts'

/** Loads the module once more, as where an application has two versions of the package. */
async function loadAnother(): Promise<typeof here> {
  vi.resetModules()
  return import('../src/errors.ts')
}

describe('an error of another copy of the package', () => {
  it('is known for one of ours, though it is no instance, and has its mark', async () => {
    const there = await loadAnother()
    const errors = [
      [new there.AuthenticationError('Sign in', { reason: 'expired' }), here.AuthenticationError],
      [new there.PermissionDeniedError('Not allowed'), here.PermissionDeniedError],
      [new there.RefreshError('Later', { reason: 'unavailable' }), here.RefreshError],
    ] as const
    for (const [error, ours] of errors) {
      expect(error).not.toBeInstanceOf(ours)
      expect(here.isReauthError(error)).toBe(true)
      expect(error.isReauthError).toBe(true)
    }
  })

  it('has no mark where it is sent elsewhere as JSON', () => {
    const sent = JSON.stringify(new here.RefreshError('Later', { reason: 'unavailable' }))
    expect(JSON.parse(sent)).toEqual({ name: 'RefreshError', reason: 'unavailable', message: 'Later' })
  })
})
