import { type JSX, useRef, useState } from 'react'

import type { Workspace } from '../../contract.ts'
import { order } from '../screens/workspace.ts'
import { Card } from './card.tsx'

type Waiting =
  | { kind: 'idle' }
  | { kind: 'waiting'; workspace?: Workspace; elapsedMs?: number }
  | { kind: 'ready'; value: string }
  | { kind: 'failed'; message: string }

/** How long the workspace of the demo takes. */
const wanted = { queuedMs: 3000, provisioningMs: 45_000 }

/** A wait for something that takes a while to be there. */
export function WorkspaceCard(): JSX.Element {
  const [waiting, setWaiting] = useState<Waiting>({ kind: 'idle' })
  const stop = useRef<AbortController>(undefined)

  async function start(outcome: 'ready' | 'failed'): Promise<void> {
    stop.current?.abort()
    const { signal } = (stop.current = new AbortController())
    const change = (next: (current: Waiting) => Waiting): void => {
      if (!signal.aborted) setWaiting(next)
    }
    setWaiting({ kind: 'waiting' })
    try {
      const value = await order(
        { ...wanted, outcome, ...(outcome === 'failed' && { queuedMs: 0, provisioningMs: 500 }) },
        {
          signal,
          onStatus: (workspace) =>
            change((current) => (current.kind === 'waiting' ? { ...current, workspace } : current)),
          onElapsed: (elapsedMs) =>
            change((current) => (current.kind === 'waiting' ? { ...current, elapsedMs } : current)),
        },
      )
      // undefined: the user did not want to wait, and that is no error
      if (value !== undefined) change(() => ({ kind: 'ready', value }))
    } catch (error) {
      change(() => ({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }))
    }
  }

  function cancel(): void {
    stop.current?.abort()
    setWaiting({ kind: 'idle' })
  }

  return (
    <Card title="Workspace" area="workspace">
      <p>Three seconds in a queue, 45 to start. Tokens end meanwhile, the wait does not.</p>
      <p className="finding" role="status" data-tone={toneOf(waiting)}>
        {wordsOf(waiting)}
      </p>
      <div className="glance-actions">
        <button
          type="button"
          className="button"
          onClick={() => (waiting.kind === 'waiting' ? cancel() : void start('ready'))}
        >
          {waiting.kind === 'waiting' ? 'Stop waiting' : 'Start a workspace'}
        </button>
        <button type="button" className="button" onClick={() => void start('failed')}>
          One that fails
        </button>
      </div>
    </Card>
  )
}

function wordsOf(waiting: Waiting): string {
  switch (waiting.kind) {
    case 'idle':
      return 'None yet.'
    case 'ready':
      return `Ready: ${waiting.value}`
    case 'failed':
      return waiting.message
    case 'waiting':
      if (waiting.workspace?.status === 'queued') return `In the queue, place ${waiting.workspace.position ?? '?'}…`
      return waiting.elapsedMs === undefined
        ? 'Starting…'
        : `Still starting… (${Math.floor(waiting.elapsedMs / 1000)} s)`
    default:
      return waiting satisfies never
  }
}

const toneOf = ({ kind }: Waiting): 'good' | 'bad' | undefined =>
  kind === 'ready' ? 'good' : kind === 'failed' ? 'bad' : undefined
