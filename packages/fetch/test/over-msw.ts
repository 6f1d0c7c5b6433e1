import { http, HttpResponse } from 'msw'
import { type SetupServer, setupServer } from 'msw/node'
import { afterAll, beforeAll, test as base } from 'vitest'

import { createWorld, type World } from './world.ts'

/** For what a test wants answered in another way. */
export const msw: SetupServer = setupServer()

/**
 * `it` with a world of its own for each test, which has to be in order when the test ends. msw puts it under Node's
 * `fetch`; whatever is not the issuer's origin is a stranger's.
 */
export const it = base.extend<{ world: World }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern what a fixture needs
  world: async ({}, use) => {
    const world = createWorld()
    // What rejects there is a network error here.
    msw.use(http.all('*', ({ request }) => world.issuer.fetch(request).catch(() => HttpResponse.error())))
    await use(world)
    await world.end()
    msw.resetHandlers()
  },
})

/** Puts msw under `fetch` for a file of tests. */
export function useMsw(): void {
  beforeAll(() => {
    msw.listen({ onUnhandledFrame: 'error' })
  })
  afterAll(() => {
    msw.close()
  })
}
