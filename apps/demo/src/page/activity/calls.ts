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
