import type { AcquireOptions, Credential } from '../../../src/credential.ts'
import { isReauthError } from '../../../src/errors.ts'
import { seededRandom } from './seeded-random.ts'
import type { ServedProvider } from './serve-provider.ts'
import { signInAt } from './sign-in-at.ts'
import type { SoakTab, SoakTabs } from './soak-tabs.ts'
import type { TokenFault, TokenRequests } from './token-requests.ts'

/** How many there are of each kind of operation, in a run. */
const mix: Readonly<Record<string, number>> = {
  request: 255,
  acquire: 120,
  refuse: 40,
  refresh: 45,
  revoke: 35,
  suspend: 45,
  signInAgain: 35,
  lost: 10,
  dropped: 4,
  503: 5,
  slow: 6,
}

export interface OperationsOptions {
  readonly provider: ServedProvider
  readonly requests: TokenRequests
  readonly tabs: SoakTabs
  /** What is done, where and in which order, follows from it; what meets what is up to time. */
  readonly seed: number
}

/** What users, callers, browsers and networks do to the tabs, in an order of chance. */
export interface Operations {
  /** Each of them once; call it to begin, and it may take a while. Never rejects. */
  readonly all: readonly (() => Promise<void>)[]
  /** What must never happen, one line each. */
  readonly problems: readonly string[]
  /** How many requests were answered in the end. */
  readonly served: number
  /** Signs in in a tab, by way of the issuer. */
  signIn(tab: SoakTab, identity: string): Promise<void>
  /** Sends a request as an adapter does, twice at the most. Returns the credential that was taken. */
  request(tab: SoakTab): Promise<Credential | undefined>
}

export function createOperations({ provider, requests, tabs, seed }: OperationsOptions): Operations {
  const problems: string[] = []
  let served = 0

  /** Says whose an access token is, as the issuer sees it; undefined where it refuses it. */
  async function whoIs({ accessToken }: Credential): Promise<string | undefined> {
    const answer = await fetch(`${provider.origin}/me`, { headers: { authorization: `Bearer ${accessToken}` } })
    const { sub } = (await answer.json()) as { sub?: string }
    return answer.ok ? `${provider.origin}#${sub}` : undefined
  }

  async function request({ tab, session }: SoakTab): Promise<Credential | undefined> {
    let asked: AcquireOptions = {}
    for (let attempt = 0; attempt < 2; attempt++) {
      // The second attempt is there because of the first.
      /* oxlint-disable no-await-in-loop */
      const credential = await session.acquire(asked)
      const identity = await tab.gate(whoIs(credential))
      /* oxlint-enable no-await-in-loop */
      if (identity !== undefined) {
        served++
        if (identity !== credential.identity) problems.push(`${identity} passed for ${credential.identity} (I4)`)
        return credential
      }
      asked = { refused: credential }
    }
    return undefined
  }

  async function signIn({ tab, session }: SoakTab, identity: string): Promise<void> {
    await session.signIn(await tab.gate(signInAt(provider.origin, identity)))
  }

  const kinds: Readonly<Record<string, (of: SoakTab, random: () => number) => Promise<unknown>>> = {
    request,
    acquire: ({ session }) => session.acquire(),
    refuse: async ({ session }) => session.acquire({ refused: await session.acquire() }),
    refresh: ({ session }) => session.refresh(),
    async revoke({ session }) {
      const { accessToken } = (await session.tokens()) ?? {}
      if (accessToken !== undefined) await provider.revokeAccessToken(accessToken)
    },
    suspend: ({ suspend }, random) => suspend(oneOf(['freeze', 'pagehide', 'stall'], random), 200 + 3_800 * random()),
    async signInAgain(of, random) {
      await of.session.signOut()
      await signIn(of, oneOf(['alice', 'bob'], random))
    },
  }

  async function run(kind: string, random: () => number): Promise<void> {
    const operate = kinds[kind]
    if (operate === undefined) return requests.fail(kind as TokenFault)
    const of = oneOf(tabs.all, random)
    try {
      await of.tab.awake()
      await operate(of, random)
    } catch (error) {
      if (!isReauthError(error)) problems.push(`${kind}: ${String(error)}`)
    }
  }

  for (const { tab, session } of tabs.all) {
    session.on('expired', ({ error }) => problems.push(`Tab ${tab.id} expired: ${String(error.cause)} (I5)`))
  }
  const kindOfEach = Object.entries(mix).flatMap(([kind, count]) => Array.from({ length: count }, () => kind))
  const order = seededRandom(seed)
  const shuffled = kindOfEach.map((kind) => ({ kind, place: order() })).toSorted((a, b) => a.place - b.place)
  return {
    all: shuffled.map(
      ({ kind }, index) =>
        () =>
          run(kind, seededRandom(seed + index)),
    ),
    problems,
    get served() {
      return served
    },
    signIn,
    request,
  }
}

const oneOf = <T>(of: readonly T[], random: () => number): T => of[Math.floor(random() * of.length)] as T
