import { createSession, isReauthError, type Session, type TokenSet } from '@reauth/core'

import { createHarness, type Harness } from '../harness.ts'
import type { IssuerOptions } from '../issuer-options.ts'
import { settle } from '../settle.ts'
import { assertEqual } from './assert-equal.ts'
import type { MakeTransport, Transport } from './transport.ts'

/** What came of one use: the result, or name and reason of a reauth error, as in `RefreshError lost`. */
export interface Outcome {
  readonly what: string
  readonly error?: unknown
}

/** Where one promise is put to the test: a signed-in session, its issuer, and the transport. */
export interface Stage extends Pick<Harness, 'clock' | 'issuer'> {
  readonly session: Session
  /** What the session was signed in with. */
  readonly tokens: TokenSet
  /** Another origin, to which no token may go. */
  readonly elsewhere: string
  /** Uses a path of the issuer, or a whole URL. Never rejects. */
  use(path: string, signal?: AbortSignal): Promise<Outcome>
  /** Returns how many requests were sent to a path. */
  sent(path: string): number
}

/** What the contract has to know of the place where it is run. */
export interface ContractOptions {
  /** Say where your server listens, if the transport needs a real one: `{ origin }`. */
  issuer?: Omit<IssuerOptions, 'clock'>
  /** @default 'https://elsewhere.test' */
  elsewhere?: string
  /**
   * How long a use may take in real time, in ms, before it counts as pending for ever. Nothing waits for it but a broken
   * transport; keep it below your test runner's own limit, which would not say what is wrong.
   *
   * @default 4_000
   */
  patienceMs?: number
}

/** Sets the stage, plays, and sees that everything is left in order. */
export async function perform(
  make: MakeTransport,
  options: ContractOptions,
  play: (stage: Stage) => Promise<void>,
): Promise<void> {
  const { elsewhere = 'https://elsewhere.test', patienceMs = 4_000 } = options
  const harness = createHarness(options.issuer)
  const { issuer, clock } = harness
  const said: unknown[] = []
  const session = createSession({
    refresh: issuer.refresh,
    origins: [issuer.origin],
    platform: clock,
    trace: (entry) => said.push(entry),
  })
  const { tokens } = issuer.signIn({ identity: 'alice' })
  await session.signIn(tokens)
  const transport = await make({ source: session, issuer, clock })

  const use: Stage['use'] = async (path, signal) => {
    const using = harness.track(useOf(transport, issuer.url(path), signal), `A use of ${path}`)
    const outcome = await outcomeOf(atTheLatest(using, patienceMs))
    said.push(textOf(outcome.error))
    return outcome
  }
  const sent: Stage['sent'] = (path) => issuer.exchanges.filter(({ url }) => url === issuer.url(path)).length

  try {
    await play({ session, issuer, clock, tokens, elsewhere, use, sent })
  } catch (error) {
    // What is held may never be let go now, so that waiting for the end might be for ever.
    void Promise.allSettled([transport.close?.(), session[Symbol.asyncDispose]()])
    throw error
  }
  await transport.close?.()
  await session[Symbol.asyncDispose]()
  await settle()
  assertEqual(issuer.isTokenIn(JSON.stringify(said)), false, 'A token in an error or in the trace')
  await harness.verify()
}

async function useOf(transport: Transport, url: string, signal: AbortSignal | undefined): Promise<string> {
  return transport.use(url, signal && { signal })
}

async function atTheLatest(use: Promise<string>, ms: number): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, ms, `nothing in ${ms} ms`)
  })
  return Promise.race([use, late]).finally(() => {
    clearTimeout(timer)
  })
}

async function outcomeOf(use: Promise<string>): Promise<Outcome> {
  try {
    return { what: await use }
  } catch (error) {
    if (!isReauthError(error)) return { what: String(error), error }
    if (error.name === 'PermissionDeniedError') return { what: 'denied', error }
    return { what: `${error.name} ${error.reason}`, error }
  }
}

/** Everything of an error that a log might show, its causes included. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return `${String(error)} ${error.stack ?? ''} ${JSON.stringify(error)} ${textOf(error.cause)}`
}
