import { type JSX, useEffect } from 'react'

import { useSessionState } from '../auth/session.ts'
import type { Check } from '../checks/check.ts'
import { faults } from '../checks/faults.ts'
import { checks, enqueue, progress, type Result, work } from '../checks/run-checks.ts'
import { endedGuest, smoke } from '../checks/smoke.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'
import { TimelineCard } from './timeline-card.tsx'

/** Everything that a person would try, and everything that can go wrong. */
export function ChecksView(): JSX.Element {
  const { queue, of, results } = useStore(progress)
  const isActive = useSessionState().status === 'active'
  const done = of - queue.length
  const failed = Object.values(results).filter(({ status }) => status === 'failed').length
  useEffect(() => void work(), [])
  return (
    <>
      <Card
        title="All checks"
        area="all-checks wide"
        aside={
          <button
            type="button"
            className="button primary"
            aria-disabled={!isActive}
            onClick={() => isActive && enqueue(checks)}
          >
            Run all {checks.length}
          </button>
        }
      >
        <progress aria-label="Checks that are done" max={Math.max(1, of)} value={done} />
        <p className="checks-told" role="status">
          {of === 0
            ? 'Sign in, then run them all, or one by one.'
            : `${done} of ${of} done, ${failed === 0 ? 'none failed' : `${failed} failed`}.`}
        </p>
        <SignInScreen />
      </Card>
      <CheckList title="Smoke checks" list={smoke} />
      <CheckList title="Faults" list={faults} />
      <TimelineCard />
    </>
  )
}

/** What a guest sees whose session has ended: why, and the way back. */
function SignInScreen(): JSX.Element | null {
  const ended = useStore(endedGuest)
  if (ended === undefined) return null
  return (
    <div className="sign-in-screen" role="alert">
      <p>
        <b>The guest’s session has expired.</b> {ended.error.message}.
      </p>
      <button type="button" className="button" onClick={() => endedGuest.set(undefined)}>
        Dismiss
      </button>
    </div>
  )
}

function CheckList({ title, list }: { title: string; list: readonly Check[] }): JSX.Element {
  const { results } = useStore(progress)
  const isActive = useSessionState().status === 'active'
  return (
    <Card title={title} area="check-list wide">
      <ul className="checks">
        {list.map((check) => (
          <li key={check.id} className="check" data-check={check.id} data-result={results[check.id]?.status}>
            <button
              type="button"
              className="button quiet"
              aria-disabled={!isActive}
              onClick={() => isActive && enqueue([check])}
            >
              {check.title}
            </button>
            <p className="hint">{check.expected}</p>
            <Outcome result={results[check.id]} />
          </li>
        ))}
      </ul>
    </Card>
  )
}

const signs = { running: '…', passed: '✓', failed: '✗' } as const

function Outcome({ result }: { result: Result | undefined }): JSX.Element {
  if (result === undefined) return <p className="outcome">not run</p>
  return (
    <p className="outcome">
      <span aria-hidden="true">{signs[result.status]}</span> {result.status}
      {result.status !== 'running' && `: ${result.text}`}
    </p>
  )
}
