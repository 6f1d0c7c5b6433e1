import type { AcquireOptions, Credential, CredentialSource } from '@reauth/core'
import { adapterContract } from '@reauth/testkit'
import { describe, expect, it } from 'vitest'

import { type Parts, referenceTransport } from './reference-transport.ts'

describe('adapterContract holds for a transport that', () => {
  for (const { title, run } of adapterContract(referenceTransport())) it(title, run)
})

/** A bug that somebody will write, and what the promises say that do not hold with it. */
interface Bug {
  readonly bug: string
  readonly parts: Parts
  readonly breaks: readonly (readonly [title: RegExp, message: string])[]
}

const bugs: readonly Bug[] = [
  {
    bug: 'keeps the first credential for ever',
    parts: keepsTheFirst(),
    breaks: [
      [/^sends what another transport/, 'The token that was sent'],
      [/^gets a new credential/, 'expected ok, got refused'],
      [/^renews once/, 'expected ok, got refused'],
    ],
  },
  {
    bug: 'refreshes by itself at every refusal',
    parts: { acquire: (source, options) => (options?.refused ? refreshOf(source) : source.acquire(options)) },
    breaks: [[/^survives a late refusal/, 'Token requests: expected 1, got 2']],
  },
  {
    bug: 'takes a 403 for a refusal',
    parts: { isRefusal: (status) => status >= 401 },
    breaks: [[/^takes a denial/, 'expected denied, got AuthenticationError refused']],
  },
  {
    bug: 'tries three times',
    parts: { tries: 3 },
    breaks: [[/^gives up on what is refused twice/, 'Requests: expected 2, got 3']],
  },
  {
    bug: 'returns the second refusal as it is',
    parts: { isFinal: false },
    breaks: [
      [/^gives up/, 'expected AuthenticationError refused, got refused'],
      [/^costs no further/, 'expected AuthenticationError refused, got refused'],
    ],
  },
  {
    bug: 'sends its token everywhere',
    parts: { mayGo: () => true },
    breaks: [[/^sends no token to an origin/, 'A token went to GET https://elsewhere.test']],
  },
  {
    bug: 'puts its token into the URL',
    parts: { urlOf: (url, { accessToken }) => `${url}?access_token=${accessToken}` },
    breaks: [[/^sends what another transport/, 'A token stood in the URL']],
  },
  {
    bug: 'ignores the end of the session',
    parts: { signalOf: (_source, own) => own ?? new AbortController().signal },
    breaks: [
      [/^ends what is in flight when the session expires/, 'got nothing in 100 ms'],
      [/^ends what is in flight when the user signs out/, 'got nothing in 100 ms'],
      [/^ends what is in flight when another identity/, 'got nothing in 100 ms'],
    ],
  },
  {
    bug: 'tries a refused request again as whoever is signed in',
    parts: {
      acquire: (source, { refused, ...options } = {}) => acquireAnew(source, options, refused),
      signalOf: (_source, own) => own ?? new AbortController().signal,
    },
    breaks: [[/^replays nothing as another identity/, 'expected AuthenticationError switched, got ok']],
  },
  {
    bug: 'ignores the signal of its caller',
    parts: {
      acquire: (source, { signal: _, ...options } = {}) => source.acquire(options),
      signalOf: ({ signal }) => signal,
    },
    breaks: [
      [/^ends the wait/, 'What the caller gets'],
      [/^ends a request/, 'What the caller gets'],
      [/^sends nothing for a caller/, 'What the caller gets'],
    ],
  },
  {
    bug: 'shows the token in its errors',
    parts: {
      acquire: (source, options) =>
        source.acquire(options).catch((cause: Error) => {
          throw Object.assign(cause, { message: `No luck with ${options?.refused?.accessToken}` })
        }),
    },
    breaks: [[/^asks for a sign-in/, 'A token in an error']],
  },
]

describe('adapterContract catches a transport that', () => {
  for (const { bug, parts, breaks } of bugs) {
    const suite = adapterContract(referenceTransport(parts), { patienceMs: 100 })
    for (const [pattern, message] of breaks) {
      const { title, run } = suite.find((test) => pattern.test(test.title)) ?? expect.fail(`no promise ${pattern}`)
      it(`${bug}: it no longer ${title}`, () => expect(run()).rejects.toThrow(message))
    }
  }
})

function keepsTheFirst(): Parts {
  let first: Credential | undefined
  return {
    async acquire(source, options) {
      first ??= await source.acquire(options)
      return first
    },
  }
}

/** Waits for the refresh, and then takes what there is. */
async function acquireAnew(
  source: CredentialSource,
  options: AcquireOptions,
  refused?: Credential,
): Promise<Credential> {
  if (refused !== undefined) await source.acquire({ refused }).catch(() => {})
  return source.acquire(options)
}

async function refreshOf(source: object): Promise<Credential> {
  return (source as { refresh(): Promise<Credential> }).refresh()
}
