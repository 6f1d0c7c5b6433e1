import { beforeEach, describe, expect, it, vi } from 'vitest'

import { RefreshError } from '../src/errors.ts'
import { askForTokens, readTokenAnswer, retryAfterMs } from '../src/token-endpoint.ts'
import { failureOf } from './support/failure-of.ts'

const start = Date.UTC(2030, 0, 1, 12)

beforeEach(() => {
  vi.useFakeTimers({ now: start, toFake: ['Date'] })
  return () => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  }
})

const who = 'The issuer'

/** What a failure tells, with its message. */
async function toldBy(promise: Promise<unknown>): Promise<object> {
  const failure = await failureOf(promise)
  expect(failure).toBeInstanceOf(RefreshError)
  return (failure as RefreshError).toJSON()
}

const failsWith = (code?: string) => async (): Promise<never> => {
  throw new TypeError('fetch failed', code === undefined ? {} : { cause: Object.assign(new Error(), { code }) })
}

describe('askForTokens', () => {
  it('gives what is answered, whatever it is', async () => {
    const answer = { status: 500 }
    expect(await askForTokens(who, async () => answer)).toBe(answer)
  })

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])(
    'knows by %s that nothing was sent',
    async (code) => {
      const failure = await failureOf(askForTokens(who, failsWith(code)))
      expect(failure).toMatchObject({
        message: 'The issuer cannot be reached',
        reason: 'unavailable',
        sent: false,
        cause: { cause: { code } },
      })
    },
  )

  it.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT', 'ABORT_ERR', undefined])(
    'does not know by %s whether it was sent',
    async (code) => {
      expect(await toldBy(askForTokens(who, failsWith(code)))).toEqual({
        name: 'RefreshError',
        message: 'The issuer gave no answer',
        reason: 'lost',
      })
    },
  )

  it.each([undefined, null, 'text', 42, { cause: null }, { cause: 'text' }, { cause: { code: 42 } }])(
    'counts %j, which nothing usual throws, as an answer that was lost',
    async (thrown) => {
      const failure = await failureOf(
        askForTokens(who, async () => {
          throw thrown
        }),
      )
      expect(failure).toMatchObject({ reason: 'lost' })
      expect((failure as RefreshError).cause).toBe(thrown)
    },
  )

  it('sends nothing where the machine is offline', async () => {
    vi.stubGlobal('navigator', { onLine: false })
    const send = vi.fn<() => Promise<void>>()
    expect(await toldBy(askForTokens(who, send))).toMatchObject({ reason: 'unavailable', sent: false })
    expect(send).not.toHaveBeenCalled()
  })

  it.each([{ onLine: true }, {}, undefined])('sends where the navigator is %j', async (navigator) => {
    vi.stubGlobal('navigator', navigator)
    expect(await askForTokens(who, async () => 'answer')).toBe('answer')
  })
})

describe('readTokenAnswer', () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    ['[]', []],
    ['null', null],
    ['"text"', 'text'],
    [' \n{}\n', {}],
    ['\uFEFF{}', {}],
  ])('gives the JSON of %j, whatever it is', async (text, json) => {
    expect(await readTokenAnswer(who, new Response(text))).toEqual(json)
  })

  it.each([200, 201])('gives the JSON of a %d', async (status) => {
    expect(await readTokenAnswer(who, Response.json({ error: 'x' }, { status }))).toEqual({ error: 'x' })
  })

  it.each([400, 401, 403, 404, 409, 422])('reads the error in the JSON of a %d', async (status) => {
    const answer = (): Response => Response.json({ error: 'invalid_grant' }, { status })
    expect(await failureOf(readTokenAnswer(who, answer()))).toMatchObject({ reason: 'rejected', sent: true })
    expect(await failureOf(readTokenAnswer(who, answer(), ['x']))).toMatchObject({
      reason: 'misconfigured',
      sent: true,
    })
  })

  it('gives nothing for a 204', async () => {
    expect(await readTokenAnswer(who, new Response(null, { status: 204 }))).toBeUndefined()
  })

  it.each([301, 302, 303, 304, 307, 308, 408, 425, 429, 500, 502, 503, 504, 522, 599])(
    'has nothing to read in a %d, whose body it lets go',
    async (status) => {
      const answer = new Response(status === 304 ? null : '{"error":"invalid_grant"}', { status })
      const text = vi.spyOn(answer, 'text')
      const cancel = answer.body && vi.spyOn(answer.body, 'cancel')
      expect(await toldBy(readTokenAnswer(who, answer))).toEqual({
        name: 'RefreshError',
        message: `The issuer answered ${status}`,
        reason: 'unavailable',
        sent: true,
      })
      if (cancel) expect(cancel).toHaveBeenCalledTimes(1)
      expect(text).not.toHaveBeenCalled()
    },
  )

  it('knows the redirect that a browser does not show', async () => {
    expect(await toldBy(readTokenAnswer(who, Response.error()))).toMatchObject({
      message: 'The issuer answered with a redirect',
      reason: 'unavailable',
    })
  })

  it.each([429, 503, 500])('waits as long as a %d says', async (status) => {
    const answer = new Response(null, { status, headers: { 'retry-after': '7' } })
    expect(await toldBy(readTokenAnswer(who, answer))).toMatchObject({ retryAfterMs: 7000 })
  })

  it('goes on where the body cannot be let go', async () => {
    const answer = {
      status: 503,
      headers: new Headers(),
      body: { cancel: () => Promise.reject(new Error('locked')) },
      text: async () => '',
    }
    expect(await toldBy(readTokenAnswer(who, answer))).toMatchObject({ reason: 'unavailable' })
  })

  it.each(['', '<html>secret</html>', '{"access_token":"secret', 'access_token=secret', '\0'])(
    'says that somebody else answered where the body is %j, and not what',
    async (text) => {
      const failure = await failureOf(readTokenAnswer(who, new Response(text)))
      expect(failure).toMatchObject({ reason: 'unavailable', sent: true })
      expect((failure as RefreshError).message).toBe('Not the issuer answered: it was no JSON')
      expect((failure as RefreshError).cause).toBeUndefined()
    },
  )

  it('knows of an answer that broke off that it was sent', async () => {
    const cause = new TypeError('terminated')
    const answer = { status: 200, headers: new Headers(), body: null, text: () => Promise.reject(cause) }
    expect(await failureOf(readTokenAnswer(who, answer))).toMatchObject({
      message: 'The answer of the issuer broke off',
      reason: 'lost',
      sent: true,
      cause,
    })
  })

  it('asks for no JSON where the status is the verdict', async () => {
    const cancel = vi.fn<() => Promise<void>>().mockRejectedValue(new Error('locked'))
    const text = (): Promise<never> => Promise.reject(new Error('x'))
    const broken = { status: 401, headers: new Headers(), body: { cancel }, text }
    for (const answer of [broken, new Response('<html>', { status: 401 }), Response.json({}, { status: 401 })])
      expect(await toldBy(readTokenAnswer(who, answer, [401]))).toEqual({
        name: 'RefreshError',
        message: 'The issuer answered 401',
        reason: 'rejected',
        sent: true,
      })
    expect(cancel).toHaveBeenCalledTimes(1)
  })

  it('takes no other status for a verdict', async () => {
    expect(await toldBy(readTokenAnswer(who, new Response(null, { status: 503 }), [401]))).toMatchObject({
      reason: 'unavailable',
    })
    expect(await toldBy(readTokenAnswer(who, Response.json({}, { status: 403 }), [401]))).toMatchObject({
      reason: 'misconfigured',
    })
  })
})

describe('an error code', () => {
  const failureFor = (error: unknown, verdicts?: readonly string[]): Promise<unknown> =>
    failureOf(readTokenAnswer(who, Response.json({ error }, { status: 400 }), verdicts))

  it.each([
    ['invalid_grant', 'rejected'],
    ['temporarily_unavailable', 'unavailable'],
    ['server_error', 'unavailable'],
    ['slow_down', 'unavailable'],
    ['invalid_request', 'misconfigured'],
    ['invalid_client', 'misconfigured'],
    ['unauthorized_client', 'misconfigured'],
    ['unsupported_grant_type', 'misconfigured'],
    ['invalid_scope', 'misconfigured'],
    ['invalid_target', 'misconfigured'],
    ['anything_else', 'misconfigured'],
  ])('%s is %s, and is told', async (code, reason) => {
    const failure = (await failureFor(code)) as RefreshError
    expect(failure).toBeInstanceOf(RefreshError)
    expect(failure.toJSON()).toEqual({
      name: 'RefreshError',
      message: `The issuer answered ${code}`,
      reason,
      sent: true,
    })
    expect(failure.cause).toEqual({ code })
  })

  it.each([undefined, null, 42, '', 'Invalid_Grant', 'rt-1', 'a b', 'x'.repeat(41), ['invalid_grant'], {}])(
    'that is none is not repeated: %j',
    async (code) => {
      const failure = await failureFor(code)
      expect(failure).toMatchObject({ reason: 'misconfigured', message: 'The issuer answered an error' })
      expect((failure as RefreshError).cause).toBeUndefined()
    },
  )

  it.each([null, 42, 'invalid_grant', [{ error: 'invalid_grant' }], {}])('is not in %j', async (json) => {
    const failure = await failureOf(readTokenAnswer(who, Response.json(json, { status: 400 })))
    expect(failure).toMatchObject({ reason: 'misconfigured', message: 'The issuer answered an error' })
  })

  it('is a verdict where it is said to be one', async () => {
    const verdicts = ['invalid_request', 'server_error']
    expect(await failureFor('invalid_request', verdicts)).toMatchObject({ reason: 'rejected' })
    expect(await failureFor('server_error', verdicts)).toMatchObject({ reason: 'rejected' })
    expect(await failureFor('invalid_grant', verdicts)).toMatchObject({ reason: 'misconfigured' })
  })
})

describe('retryAfterMs', () => {
  it.each([
    ['7', 7000],
    ['0', 0],
    ['007', 7000],
    ['86400', 86_400_000],
    [new Date(start + 90_000).toUTCString(), 90_000],
    [new Date(start - 90_000).toUTCString(), 0],
    ['Tuesday, 01-Jan-30 12:00:10 GMT', 10_000],
    ['Tue Jan  1 12:00:10 2030 GMT', 10_000],
    [null, undefined],
    ['', undefined],
    ['soon', undefined],
    ['-1 second', undefined],
    ['9'.repeat(400), undefined],
  ])('takes %j for %s ms', (value, expected) => {
    expect(retryAfterMs(value)).toBe(expected)
  })

  it.each(['-5', '1.5', '7, 9', ' ', '1e3', '0x10'])(
    'takes %j, which is neither seconds nor a date, for nothing',
    (value) => {
      expect(retryAfterMs(value)).toBeUndefined()
    },
  )
})
