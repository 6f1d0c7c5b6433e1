import { setTimeout as sleep } from 'node:timers/promises'

import { RefreshError } from '../../../src/errors.ts'
import type { RefreshContext } from '../../../src/strategies.ts'
import { parseTokenResponse, type TokenSet } from '../../../src/token-set.ts'
import type { Tab } from '../fake-tabs/tab.ts'
import { clientId } from './serve-provider.ts'

/** What goes wrong with one request: it arrives and its answer does not; nothing arrives; 503; both take their time. */
export type TokenFault = 'lost' | 'dropped' | '503' | 'slow'

/** A request with a refresh token, as its sender knows it. */
interface Presentation {
  readonly tab: Tab
  readonly at: number
  /** The page may have slept between its claim and the request: the others count from the claim. */
  readonly isLate: boolean
  outcome: 'open' | 'answered' | 'rejected' | 'failed'
}

/** The way of several tabs to one token endpoint, with faults, and a watch over what they present. */
export interface TokenRequests {
  /** What no tab may do with a refresh token, though the grace of the issuer covers it, one line each (I1). */
  readonly misuse: readonly string[]
  /** How many requests were sent, and how many of them met which fault. */
  readonly tally: Readonly<Record<'sent' | TokenFault, number>>
  /** The next request meets this. Of three in a row, one meets nothing. */
  fail(fault: TokenFault): void
  /** From now on nothing fails. */
  heal(): void
  /** `wokenAt` tells when the tab last went on after it had stopped, in epoch ms. */
  refreshIn(tab: Tab, wokenAt: () => number): (context: RefreshContext) => Promise<TokenSet>
}

/** `capMs` is for how long a request may be on its way before others take it for lost. */
export function createTokenRequests(issuer: string, capMs: number, slowMs: () => number): TokenRequests {
  const presented = new Map<string, Presentation[]>()
  const misuse: string[] = []
  const tally = { sent: 0, lost: 0, dropped: 0, '503': 0, slow: 0 }
  let faults: TokenFault[] = []
  let inRow = 0

  function take(): TokenFault | undefined {
    if (inRow === 2) inRow = 0
    else {
      const fault = faults.shift()
      inRow = fault === undefined ? 0 : inRow + 1
      return fault
    }
    return undefined
  }

  /** Others wait for an answer no longer than the cap, which begins with the claim, a few turns before the request. */
  const isExcused = ({ at, isLate }: Presentation): boolean => isLate || Date.now() - at >= capMs - 200

  function judge(refreshToken: string, tab: Tab): void {
    for (const earlier of presented.get(refreshToken) ?? []) {
      const who = `tab ${tab.id} after ${Date.now() - earlier.at} ms, first tab ${earlier.tab.id}`
      if (earlier.outcome === 'rejected') misuse.push(`presented after its rejection: ${who}`)
      else if (earlier.outcome === 'answered' && !isExcused(earlier)) misuse.push(`presented after its answer: ${who}`)
      else if (earlier.outcome === 'open' && !isExcused(earlier)) misuse.push(`presented twice at once: ${who}`)
    }
  }

  async function post(refreshToken: string, signal: AbortSignal, fault: TokenFault | undefined): Promise<Response> {
    if (fault === '503') return new Response('', { status: 503 })
    if (fault === 'dropped') throw new TypeError('Failed to fetch')
    if (fault === 'slow') await sleep(slowMs(), undefined, { signal })
    const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken })
    const response = await fetch(`${issuer}/token`, { method: 'POST', body, signal })
    const text = await response.text()
    if (fault === 'lost') throw new TypeError('Failed to fetch')
    return new Response(text, { status: response.status })
  }

  return {
    misuse,
    tally,
    fail(fault) {
      faults.push(fault)
    },
    heal() {
      faults = []
    },
    refreshIn: (tab, wokenAt) => async (context) => {
      const { refreshToken = '' } = context.tokens
      judge(refreshToken, tab)
      const at = Date.now()
      const mine: Presentation = { tab, at, isLate: at - wokenAt() < capMs, outcome: 'open' }
      presented.set(refreshToken, [...(presented.get(refreshToken) ?? []), mine])
      const fault = take()
      tally.sent++
      if (fault !== undefined) tally[fault]++
      // A page that has stopped hears of it when it goes on.
      const response = await tab.gate(post(refreshToken, context.signal, fault)).catch((error: unknown) => {
        mine.outcome = 'failed'
        throw error
      })
      mine.outcome = response.ok ? 'answered' : response.status === 400 ? 'rejected' : 'failed'
      if (response.ok) return parseTokenResponse(await response.json())
      const reason = response.status === 400 ? 'rejected' : 'unavailable'
      throw new RefreshError(`The issuer answered ${response.status}`, { reason })
    },
  }
}
