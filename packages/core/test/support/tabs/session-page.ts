// The page that most tabs show: one session, refreshing by fetch at the issuer of the test.
import type { AcquireOptions, Credential } from '../../../src/credential.ts'
import { RefreshError } from '../../../src/errors.ts'
import { indexedDbStorage } from '../../../src/indexed-db-storage.ts'
import { createSession, type Session } from '../../../src/session.ts'
import { parseTokenResponse } from '../../../src/token-set.ts'
import type { TraceEntry } from '../../../src/trace.ts'
import type { TabsConfig } from './tabs-config.ts'

/** What came of a call, in a form that leaves the page. */
type Outcome<T> = { readonly value: T } | { readonly error: { name: string; message: string; reason?: string } }

export interface SessionPage {
  readonly session: Session
  /** What the session has traced since the page was loaded. */
  readonly traced: readonly TraceEntry[]
  acquire(asked?: AcquireOptions): Promise<Outcome<Credential>>
  refresh(): Promise<Outcome<Credential>>
}

const { issuer, storage, options } = (globalThis as unknown as { tabsConfig: TabsConfig }).tabsConfig

const traced: TraceEntry[] = []
const session: Session = createSession({
  ...options,
  trace: (entry) => traced.push(entry),
  origins: [issuer],
  storage: storage === 'indexeddb' ? indexedDbStorage() : localStorage,
  async refresh({ tokens, signal }) {
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: tokens.refreshToken ?? '' })
    const response = await fetch(`${issuer}/token`, { method: 'POST', body, signal })
    if (response.ok) return parseTokenResponse(await response.json())
    const { error } = (await response.json().catch(() => ({}))) as { error?: string }
    const reason = error === 'invalid_grant' ? 'rejected' : 'unavailable'
    throw new RefreshError(`The issuer answered ${response.status}`, { reason })
  },
})

const outcomeOf = async <T>(promise: Promise<T>): Promise<Outcome<T>> => {
  try {
    return { value: await promise }
  } catch (error) {
    const { name, message, reason } = error as Error & { reason?: string }
    return { error: { name, message, ...(reason !== undefined && { reason }) } }
  }
}

const page: SessionPage = {
  session,
  traced,
  acquire: (asked) => outcomeOf(session.acquire(asked)),
  refresh: () => outcomeOf(session.refresh()),
}

Object.assign(globalThis, page)
