import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { paths, type Workspace } from '../contract.ts'
import { oneOf, readJson, wholeNumber } from './read-json.ts'
import { json } from './respond.ts'

/** A workspace that somebody ordered; times in epoch ms. */
interface Ordered {
  readonly id: string
  readonly startsAt: number
  readonly readyAt: number
  readonly outcome: 'ready' | 'failed'
}

const hour = 3_600_000
const kept = 1000
/** How long each one ahead in the queue takes, in ms. */
const turnMs = 2000

/** Creates the endpoint of what takes its time: first a queue, then the provisioning. */
export function createWorkspaces(
  onLook: () => void,
): (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> {
  const ordered = new Map<string, Ordered>()

  return async (request, response, path) => {
    const [id, rest] = path.slice(paths.workspaces.length + 1).split('/')
    if (id === '' && request.method === 'POST') {
      const workspace = order(await readJson(request), Date.now())
      ordered.set(workspace.id, workspace)
      for (const oldest of ordered.keys()) if (ordered.size > kept) ordered.delete(oldest)
      return json(response, 201, shown(workspace, Date.now()))
    }
    const workspace = rest === undefined ? ordered.get(id ?? '') : undefined
    if (workspace === undefined || request.method !== 'GET') return json(response, 404, { error: 'not_found' })
    onLook()
    json(response, 200, shown(workspace, Date.now()))
  }
}

function order(given: Readonly<Record<string, unknown>>, now: number): Ordered {
  const startsAt = now + wholeNumber(given, 'queuedMs', [0, hour], 0)
  const readyAt = startsAt + wholeNumber(given, 'provisioningMs', [0, hour], 10_000)
  return { id: randomUUID(), startsAt, readyAt, outcome: oneOf(given, 'outcome', ['ready', 'failed'], 'ready') }
}

function shown({ id, startsAt, readyAt, outcome }: Ordered, now: number): Workspace {
  if (now < startsAt) return { id, status: 'queued', position: Math.ceil((startsAt - now) / turnMs) }
  if (now < readyAt) return { id, status: 'provisioning' }
  return outcome === 'ready' ? { id, status: 'ready', value: `workspace-${id.slice(0, 8)}` } : { id, status: 'failed' }
}
