import type { Trace } from '@reauth/core'

import {
  chatServers,
  type Counters,
  type FactName,
  type ServiceName,
  services as serviceNames,
  type Settings,
} from '../contract.ts'
import { createAdmin } from './admin.ts'
import { createApi } from './api.ts'
import { createBroker } from './broker.ts'
import { createBrokerRecords } from './broker-records.ts'
import { createChatServer } from './chat-server.ts'
import { createCompletions } from './completions.ts'
import { createTally } from './counters.ts'
import { createGate } from './gate.ts'
import type { Issued } from './issuer.ts'
import { brokerClient, clientId, createIssuers, signInSiblings } from './issuers.ts'
import { listen, type Listening } from './listen.ts'
import { serveLive } from './live.ts'
import { createMainIssuer } from './main-issuer.ts'
import { createMedia } from './media.ts'
import { createPageServer } from './page-server.ts'
import { createPasses } from './passes.ts'
import { json } from './respond.ts'
import { type Handler, serve } from './serve.ts'
import { createSettings } from './settings.ts'
import { replayAll } from './thief.ts'

export interface DemoOptions {
  /** Port of the page. Taken ports are skipped; 0 takes any that is free. @default 0 */
  port?: number
  /** Lifetime of an access token. @default 20 */
  accessTokenSeconds?: number
  /** Whether an edited file reaches the open page. @default false */
  watch?: boolean
  /** Whether the page itself is served, or nothing but what it talks to. @default true */
  hasPage?: boolean
  /** Hears of every code and token an issuer hands out. For tests that look for leaks. */
  onIssued?: (issued: Issued) => void
  /** Hears what the broker did. */
  trace?: Trace
}

/** The running demo. */
export interface Demo {
  /** Address of the page. */
  readonly url: string
  /** Address of the main authorization server. */
  readonly issuer: string
  /** Origins of the other servers. */
  readonly services: Readonly<Record<ServiceName, string>>
  /** What all servers saw so far. */
  readonly counters: Counters
  readonly settings: Settings
  close(): Promise<void>
}

/** Starts the page, its API, the services and the authorization servers, on loopback, in this process. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const { port = 0, accessTokenSeconds = 20, watch = false, hasPage = true, onIssued, trace } = options
  const [page, issuer, services] = await Promise.all([listen(port), listen(0), listenAll()])
  const origins = mapServices((name) => services[name].origin)
  const pageOrigin = page.origin
  const settings = createSettings({ accessTokenSeconds })
  const records = createBrokerRecords()
  const tally = createTally(() => records.locks)
  const urls = { main: issuer.origin, north: origins.north, south: origins.south }
  const brokerAsClient = brokerClient(pageOrigin)
  const issuers = createIssuers({ urls, pageOrigin, broker: brokerAsClient, settings, tally, onIssued })
  const { main } = issuers

  const passes = createPasses()
  const gate = createGate(main.provider, { passes, isDenying: () => settings.current.deny })
  const api = createApi({ gate, passes, tally })
  const broker = createBroker({
    issuer: issuer.origin,
    client: brokerAsClient,
    pageOrigin,
    records,
    passes,
    tally,
    trace,
  })
  const admin = createAdmin({
    pageOrigin,
    tally,
    settings,
    services,
    stores: { main: main.store, north: issuers.north.store, south: issuers.south.store },
    replay: (name) => replayAll(urls[name], issuers[name].store, issuers[name].clients),
    signInSiblings: (count) => signInSiblings(main, count),
  })
  const facts: Record<FactName, string> = { issuer: issuer.origin, client: clientId, ...origins }
  const files = hasPage ? await createPageServer({ server: page.server, facts, watch }) : undefined

  const parts: Readonly<Record<string, Handler>> = { api, session: broker, admin }
  serve(page, (request, response, url) => {
    const handle = parts[url.pathname.split('/', 2)[1] ?? ''] ?? files?.handle ?? notFound
    return handle(request, response, url)
  })
  serve(issuer, createMainIssuer({ provider: main.provider, settings, tally, pageOrigin }))
  serveLive(services.live, { gate, tally, settings, pageOrigin, startedAt: Date.now() })
  serve(services.llm, createCompletions({ gate, tally, pageOrigin }))
  serve(services.media, createMedia({ gate, tally, settings, pageOrigin }))
  for (const name of chatServers) {
    const { provider } = issuers[name]
    serve(services[name], createChatServer({ name, provider, clientId, count: tally.chat[name], pageOrigin }))
  }

  return {
    url: `${pageOrigin}/`,
    issuer: issuer.origin,
    services: origins,
    get counters() {
      return tally.counters
    },
    get settings() {
      return settings.current
    },
    async close() {
      await files?.close()
      await Promise.all([page, issuer, ...Object.values(services)].map((one) => one.close()))
    },
  }
}

const notFound: Handler = (_request, response) => json(response, 404, { error: 'not_found' })

async function listenAll(): Promise<Readonly<Record<ServiceName, Listening>>> {
  const opened = await Promise.all(serviceNames.map(() => listen(0)))
  const byName = new Map(serviceNames.map((name, index) => [name, opened[index]]))
  return mapServices((name) => byName.get(name) as Listening)
}

function mapServices<Value>(make: (name: ServiceName) => Value): Record<ServiceName, Value> {
  return Object.fromEntries(serviceNames.map((name) => [name, make(name)])) as Record<ServiceName, Value>
}
