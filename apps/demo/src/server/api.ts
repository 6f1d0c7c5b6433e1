import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { type Echo, paths, type Ticket, type TransportCounters, type Uploaded, type Work } from '../contract.ts'
import { cookieOf, setCookie } from './cookies.ts'
import type { Tally } from './counters.ts'
import { type Entry, type Gate, type Grant, sessionCookie } from './gate.ts'
import type { Passes } from './passes.ts'
import { findPerson } from './people.ts'
import { readBody } from './read-json.ts'
import { empty, json } from './respond.ts'
import { refuse } from './refuse.ts'
import type { Handler } from './serve.ts'
import { createWorkspaces } from './workspaces.ts'

interface ApiOptions {
  readonly gate: Gate
  readonly passes: Passes
  readonly tally: Tally
}

/** A request whose token is good. */
interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
  readonly grant: Grant
  /** Looks at the token again. */
  readonly recheck: () => Promise<Entry>
}

/** Creates the protected API. */
export function createApi({ gate, passes, tally }: ApiOptions): Handler {
  const workspaces = createWorkspaces(() => tally.others.add('workspacePolls'))
  const answers: Readonly<Record<string, (call: Call) => unknown>> = {
    [paths.work]: work,
    [paths.vault]: work,
    [paths.echo]: echo,
    [paths.upload]: (call) => upload(call, tally),
    [paths.cookie]({ response, grant }) {
      tally.others.add('cookies')
      empty(response, { 'set-cookie': setCookie(sessionCookie, passes.issue(grant.token, grant.expiresAt)) })
    },
    [paths.ticket]({ response, grant }) {
      tally.others.add('tickets')
      json(response, 200, { ticket: passes.issue(grant.token, grant.expiresAt) } satisfies Ticket)
    },
    [paths.workspaces]: ({ request, response, path }) => workspaces(request, response, path),
  }

  return async (request, response, url) => {
    const { pathname: path } = url
    if (request.method === 'DELETE' && path === paths.cookie) {
      passes.drop(cookieOf(request, sessionCookie) ?? '')
      return empty(response, { 'set-cookie': setCookie(sessionCookie, '') })
    }
    const answer = answers[path] ?? (path.startsWith(`${paths.workspaces}/`) ? answers[paths.workspaces] : undefined)
    if (answer === undefined) return json(response, 404, { error: 'not_found' })

    const token = gate.credentialOf(request, url)
    const enter = (): Promise<Entry> => gate.enter(token, path === paths.vault ? 'vault' : 'openid')
    const entry = await enter()
    response.once('close', () => {
      const name = counterFor(response.statusCode)
      if (name !== undefined) tally.transports(url).add(name)
    })
    if (entry.status !== 200) return refuse(response, entry)
    await answer({ request, response, path, grant: entry.grant, recheck: enter })
  }
}

function counterFor(status: number): keyof TransportCounters | undefined {
  if (status === 401) return 'apiUnauthorized'
  if (status === 403) return 'apiDenied'
  return status < 300 ? 'apiOk' : undefined
}

function work({ response, grant }: Call): void {
  json(response, 200, { name: findPerson(grant.accountId)?.name ?? '' } satisfies Work)
}

async function echo({ request, response }: Call): Promise<void> {
  const { authorization: _authorization, cookie: _cookie, ...headers } = request.headers
  const body = (await readBody(request)).toString()
  json(response, 200, {
    method: request.method ?? '',
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body,
  } satisfies Echo)
}

async function upload({ request, response, recheck }: Call, tally: Tally): Promise<void> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length
    hash.update(part)
  }
  const entry = await recheck()
  if (entry.status !== 200) return refuse(response, entry)
  tally.others.add('uploads')
  json(response, 200, { bytes, sha256: hash.digest('hex') } satisfies Uploaded)
}
