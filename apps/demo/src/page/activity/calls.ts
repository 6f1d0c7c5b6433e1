import { parameters, paths } from '../../contract.ts'
import { api, session } from '../auth/session.ts'
import { createStore, type Store } from '../store.ts'

/** How a call ended, as its caller saw it. */
export type Outcome = { kind: 'ok'; text: string } | { kind: 'denied'; text: string } | { kind: 'failed'; text: string }

/** A call that is over. */
export interface Call {
  readonly number: number
  readonly kind: Outcome['kind']
  /** Version of the token set after it. */
  readonly version: number
}

interface Calls {
  readonly totals: Readonly<Record<Outcome['kind'], number>>
  /** The last ones, newest last. */
  readonly recent: readonly Call[]
}

const shown = 60

export const calls: Store<Calls> = createStore<Calls>({ totals: { ok: 0, denied: 0, failed: 0 }, recent: [] })

/** Calls the API as any application would: with a `fetch`, and nothing about tokens. */
export async function call(path: '/api/work' | '/api/vault'): Promise<Outcome> {
  const outcome = await callApi(path)
  const { totals, recent } = calls.get()
  const { state } = session
  const version = 'version' in state ? state.version : 0
  const number = (recent.at(-1)?.number ?? 0) + 1
  calls.set({
    totals: { ...totals, [outcome.kind]: totals[outcome.kind] + 1 },
    recent: [...recent.slice(1 - shown), { number, kind: outcome.kind, version }],
  })
  return outcome
}

/** What calls with the one token of the beginning came to. */
export const bareCalls: Store<{ readonly ok: number; readonly refused: number }> = createStore({ ok: 0, refused: 0 })

let bareHeaders: HeadersInit | undefined

/** Calls the API as one would who asked for a token once. */
export async function callBare(): Promise<void> {
  if (bareHeaders === undefined) {
    const { accessToken } = await session.acquire()
    bareHeaders ??= { authorization: `Bearer ${accessToken}` }
  }
  const response = await fetch(`${paths.work}?${parameters.by}=bare`, { headers: bareHeaders })
  const { ok, refused } = bareCalls.get()
  bareCalls.set(response.ok ? { ok: ok + 1, refused } : { ok, refused: refused + 1 })
}

async function callApi(path: string): Promise<Outcome> {
  try {
    const response = await api(path)
    await response.text()
    if (response.ok) return { kind: 'ok', text: `HTTP ${response.status}` }
    return { kind: response.status === 403 ? 'denied' : 'failed', text: `HTTP ${response.status}` }
  } catch (error) {
    return { kind: 'failed', text: error instanceof Error ? error.message : String(error) }
  }
}
