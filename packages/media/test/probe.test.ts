import { expect, it, vi } from 'vitest'

import { examine } from '../src/probe.ts'

const { signal } = new AbortController()
const element = (crossOrigin: string | null): HTMLMediaElement =>
  ({ crossOrigin, error: null }) as unknown as HTMLMediaElement

it.each([
  [null, 'include'],
  ['anonymous', 'same-origin'],
  ['use-credentials', 'include'],
])('a probe has the cookies that an element sends: crossorigin %s, %s', async (crossOrigin, credentials) => {
  const probe = vi.fn<(url: string, init: RequestInit) => Promise<Response>>().mockResolvedValue(new Response())
  await examine('https://media.test/one.mp3', element(crossOrigin), { probe }, signal)
  expect(probe.mock.calls).toMatchObject([
    ['https://media.test/one.mp3', { credentials, headers: { range: 'bytes=0-0' }, cache: 'no-store' }],
  ])
})

it('lets go of the data that a server sends which knows no ranges', async () => {
  const cancel = vi.fn<() => void>()
  const response = new Response(new ReadableStream({ cancel }))
  expect(await examine('https://media.test/', element(null), { probe: async () => response }, signal)).toBe('served')
  expect(cancel).toHaveBeenCalledOnce()
})

it('ends with the item', async () => {
  const life = new AbortController()
  const probe = (_url: string, init: RequestInit): Promise<Response> =>
    new Promise((_resolve, reject) => {
      init.signal?.addEventListener('abort', () => {
        reject(init.signal?.reason as Error)
      })
    })
  const finding = examine('https://media.test/', element(null), { probe }, life.signal)
  life.abort()
  expect(await finding).toBeUndefined()
})

it('goes by the caller’s rule first, and finds nothing where nobody may read the answer', async () => {
  const probe = async (): Promise<Response> => new Response(null, { status: 404 })
  const classify = vi.fn<() => 'refused'>(() => 'refused')
  expect(await examine('https://media.test/', element(null), { probe, classify }, signal)).toBe('refused')
  expect(classify).toHaveBeenCalledExactlyOnceWith({ mediaError: null, status: 404 })
  const unreadable = (): Promise<Response> => Promise.reject(new TypeError('Failed to fetch'))
  expect(await examine('https://media.test/', element(null), { probe: unreadable }, signal)).toBeUndefined()
})
