import type { ServerResponse } from 'node:http'

import {
  chatServers,
  type IssuerName,
  paths,
  type Replayed,
  type Restarted,
  type Revoked,
  type ServiceName,
  services as serviceNames,
  type Siblings,
} from '../contract.ts'
import type { Tally } from './counters.ts'
import { isFromPage } from './from-page.ts'
import type { IssuerStore } from './issuer-store.ts'
import type { Listening } from './listen.ts'
import { type Given, oneOf, readJson, wholeNumber } from './read-json.ts'
import { eventStream, json } from './respond.ts'
import type { Handler } from './serve.ts'
import type { LiveSettings } from './settings.ts'

interface AdminOptions {
  readonly pageOrigin: string
  readonly tally: Tally
  readonly settings: LiveSettings
  readonly stores: Readonly<Record<IssuerName, IssuerStore>>
  readonly services: Readonly<Record<ServiceName, Listening>>
  /** Uses each refresh token of an issuer twice, and says how many grants ended for it. */
  readonly replay: (issuer: IssuerName) => Promise<number>
  /** Signs everybody in on so many other devices, and says how often. */
  readonly signInSiblings: (count: number) => Promise<number>
}

/** What a button does, and what the page is told of it. */
type Press = (given: Given) => unknown

/** Creates the surface behind the demo's buttons: faults, settings, and the counters. */
export function createAdmin({ pageOrigin, tally, settings, ...options }: AdminOptions): Handler {
  const { stores, services, replay, signInSiblings } = options
  const revoke = (given: Given, model: string): Revoked => ({ revoked: stores[issuerIn(given)].destroyAll(model) })

  const buttons: Readonly<Record<string, Press>> = {
    [paths.settings]: (given) => settings.change(given),
    [paths.revokeAccessToken]: (given) => revoke(given, 'AccessToken'),
    [paths.revokeRefreshToken]: (given) => revoke(given, 'RefreshToken'),
    [paths.replay]: async (given): Promise<Replayed> => ({ replayed: await replay(issuerIn(given)) }),
    async [paths.siblings](given): Promise<Siblings> {
      const before = tally.counters.pushedOut
      const signedIn = await signInSiblings(wholeNumber(given, 'count', [1, 20], 5))
      return { signedIn, pushedOut: tally.counters.pushedOut - before }
    },
    async [paths.restart](given): Promise<Restarted> {
      tally.others.add('restarts')
      const service = services[oneOf(given, 'service', serviceNames)]
      return { cut: await service.restart(wholeNumber(given, 'downMs', [0, 60_000], 500)) }
    },
  }

  return async (request, response, { pathname: path }) => {
    if (!isFromPage(request, pageOrigin)) return json(response, 403, { error: 'only the demo page may ask' })
    const press = buttons[path]
    if (request.method === 'POST' && press !== undefined) {
      return json(response, 200, await press(await readJson(request)))
    }
    if (request.method !== 'GET') return json(response, 404, { error: 'not_found' })
    if (path === paths.settings) return json(response, 200, settings.current)
    if (path === paths.counters) return streamCounters(response, tally)
    json(response, 404, { error: 'not_found' })
  }
}

const issuerIn = (given: Given): IssuerName => oneOf(given, 'issuer', ['main', ...chatServers], 'main')

function streamCounters(response: ServerResponse, tally: Tally): void {
  eventStream(response)
  const write = (): void => {
    response.write(`data: ${JSON.stringify(tally.counters)}\n\n`)
  }
  write()
  response.once('close', tally.watch(write))
}
