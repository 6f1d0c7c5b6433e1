import {
  type BrokerCounters,
  chatServers,
  type ChatCounters,
  type ChatServer,
  type Counters,
  type IssuerCounters,
  parameters,
  type TransportCounters,
} from '../contract.ts'

/** Numbers that only grow, by name. */
export interface Count<Name extends string> {
  /** As they are now; a later count leaves it as it is. */
  readonly values: Readonly<Record<Name, number>>
  add(name: Name): void
}

/** What nothing else counts. */
type Others =
  | 'cookies'
  | 'tickets'
  | 'uploads'
  | 'workspacePolls'
  | 'pushedOut'
  | 'lostAnswers'
  | 'portalPages'
  | 'restarts'

/** Counts, and tells whoever watches. */
export interface Tally {
  readonly counters: Counters
  readonly issuer: Count<keyof IssuerCounters>
  readonly chat: Readonly<Record<ChatServer, Count<keyof ChatCounters>>>
  readonly broker: Count<Exclude<keyof BrokerCounters, 'refreshesByKey' | 'locks'>>
  /** Refreshes of the broker, by key. */
  readonly brokerKeys: Count<string>
  readonly others: Count<Others>
  /** The count for a request: that of its address says who made it. */
  transports(url: URL): Count<keyof TransportCounters>
  /** Calls the listener after each change, at most 20 times a second. */
  watch(listener: () => void): () => void
}

const issuerNames = ['tokenPosts', 'codeExchanges', 'refreshes', 'refreshesRefused', 'reuseDetected'] as const
const transportNames = [
  ...(['apiOk', 'apiUnauthorized', 'apiDenied'] as const),
  ...(['feedOpened', 'feedRefused', 'feedDenied', 'feedExpired', 'feedRenewed', 'feedSaid'] as const),
  ...(['ticksOpened', 'ticksRefused', 'ticksDenied', 'ticksExpired', 'ticksResumed'] as const),
  ...(['completionsBegun', 'completionsRefused', 'completionsDenied', 'completionsDone'] as const),
  ...(['mediaServed', 'mediaRanges', 'mediaRefused', 'mediaDenied'] as const),
]
const brokerNames = ['requests', 'unauthorized', 'foreign', 'unavailable'] as const
const otherNames = [
  ...(['cookies', 'tickets', 'uploads', 'workspacePolls'] as const),
  ...(['pushedOut', 'lostAnswers', 'portalPages', 'restarts'] as const),
]

const tellMs = 50

/** Creates a tally at zero. `locksOf` tells how many keys of the broker are locked. */
export function createTally(locksOf: () => number): Tally {
  const listeners = new Set<() => void>()
  let isTold = true
  const changed = (): void => {
    if (!isTold) return
    isTold = false
    setTimeout(tell, tellMs).unref()
  }
  const tell = (): void => {
    isTold = true
    for (const listener of listeners) listener()
  }

  const issuer = createCount(issuerNames, changed)
  const ours = createCount(transportNames, changed)
  const bare = createCount(transportNames, changed)
  const broker = createCount(brokerNames, changed)
  const brokerKeys = createCount<string>([], changed)
  const others = createCount(otherNames, changed)
  const chat = byServer(() => createCount([...issuerNames, 'ok', 'unauthorized'], changed))
  return {
    get counters() {
      return {
        ...issuer.values,
        ...ours.values,
        ...others.values,
        bare: bare.values,
        broker: { ...broker.values, refreshesByKey: brokerKeys.values, locks: locksOf() },
        chat: byServer((name) => chat[name].values),
      }
    },
    issuer,
    chat,
    broker,
    brokerKeys,
    others,
    transports: (url) => (url.searchParams.get(parameters.by) === 'bare' ? bare : ours),
    watch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function createCount<Name extends string>(names: readonly Name[], changed: () => void): Count<Name> {
  let values = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>
  return {
    get values() {
      return values
    },
    add(name) {
      values = { ...values, [name]: (values[name] ?? 0) + 1 }
      changed()
    },
  }
}

/** Makes one of something for each chat server. */
export function byServer<Value>(make: (name: ChatServer) => Value): Record<ChatServer, Value> {
  return Object.fromEntries(chatServers.map((name) => [name, make(name)])) as Record<ChatServer, Value>
}
