import { pollUntil } from '@reauth/core'

import { paths, type Workspace, type WorkspaceOrder } from '../../contract.ts'
import { record } from '../activity/trace-log.ts'
import { api } from '../auth/session.ts'

/** How a wait for a workspace is told of. */
export interface WaitOptions {
  readonly timeoutMs?: number
  readonly onElapsed?: (elapsedMs: number) => void
  readonly onStatus?: (workspace: Workspace) => void
  readonly signal?: AbortSignal
}

/** Orders a workspace, and waits until it is there: its address, or undefined where the user did not want to wait. */
export async function order(
  wanted: WorkspaceOrder,
  { onStatus, ...options }: WaitOptions = {},
): Promise<string | undefined> {
  const { id } = await ask(paths.workspaces, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wanted),
  })
  return pollUntil(
    `workspace ${id}`,
    async (signal) => {
      const workspace = await ask(`${paths.workspaces}/${id}`, { signal })
      onStatus?.(workspace)
      return workspace
    },
    { ...options, trace: record },
  )
}

async function ask(path: string, init: RequestInit): Promise<Workspace> {
  const response = await api(path, init)
  if (!response.ok) throw new Error(`The server answered ${response.status}`)
  return (await response.json()) as Workspace
}
