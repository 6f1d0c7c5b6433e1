import { expect, it } from 'vitest'

import type { Credential } from '../src/credential.ts'
import { isOneWay, replay, type Sending } from '../src/replay.ts'
import { failureOf } from './support/failure-of.ts'
import { createStage } from './support/stage.ts'

/** A request whose answers are the versions it was sent with; those up to a version are refused. */
function requestOf(
  refusedTo: number,
  isSpent = false,
): Sending<number> & { readonly sent: number[]; readonly dropped: number[] } {
  const sent: number[] = []
  const dropped: number[] = []
  return {
    sent,
    dropped,
    address: 'https://api.test/x',
    asked: undefined,
    isSpent,
    send({ credential }) {
      sent.push(credential.version)
      return Promise.resolve(credential.version)
    },
    isRefused: (version) => version <= refusedTo,
    drop: (version) => dropped.push(version),
  }
}

async function signedIn(): Promise<ReturnType<typeof createStage> & { readonly first: Credential }> {
  const stage = createStage()
  return { ...stage, first: await stage.signIn() }
}

it('sends once more with a newer credential, and says so', async () => {
  const { session, entries, first } = await signedIn()
  const request = requestOf(1)
  expect(await replay(session, first, 1, request)).toBe(2)
  expect(request).toMatchObject({ sent: [2], dropped: [1] })
  expect(entries).toContainEqual(
    expect.objectContaining({ type: 'replay', level: 'info', version: 2, origin: 'https://api.test' }),
  )
})

it('rejects where the second answer is a refusal, and nobody refreshes because of it again', async () => {
  const { session, issuer, first } = await signedIn()
  const request = requestOf(2)
  expect(await failureOf(replay(session, first, 1, request))).toMatchObject({ reason: 'refused' })
  expect(request).toMatchObject({ sent: [2], dropped: [1, 2] })
  expect(issuer.refreshes).toBe(1)
})

it('returns the refusal of what cannot be sent again, and renews for the next', async () => {
  const { session, first } = await signedIn()
  const request = requestOf(1, true)
  expect(await replay(session, first, 1, request)).toBe(1)
  expect(request).toMatchObject({ sent: [], dropped: [] })
  expect((await session.acquire()).version).toBe(2)
})

it.each([
  ['a stream', new ReadableStream(), true],
  ['what iterates asynchronously', { async *[Symbol.asyncIterator]() {} }, true],
  ['text', 'text', false],
  ['a form', new FormData(), false],
  ['nothing', undefined, false],
])('knows whether %s can be sent twice', (_what, body, expected) => {
  expect(isOneWay(body)).toBe(expected)
})
