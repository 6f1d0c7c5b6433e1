import { type JSX, useId } from 'react'

import { traceLog } from '../activity/trace-log.ts'
import { runsOf } from '../activity/trace-runs.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'
import { TraceLine } from './trace-line.tsx'

/** What reauth did, in its own words. Not a live region: it would never stop talking. */
export function TraceCard(): JSX.Element {
  const lines = useStore(traceLog)
  const id = useId()
  return (
    <Card
      title="What reauth did"
      area="trace"
      aside={
        <button type="button" className="button quiet" onClick={() => traceLog.set([])}>
          Clear
        </button>
      }
    >
      {/* focusable, so that the keyboard can scroll it */}
      <div className="trace-scroll" tabIndex={0} role="group" aria-labelledby={id}>
        <p id={id} className="visually-hidden">
          Trace, newest first
        </p>
        {lines.length === 0 && <p className="empty">Nothing yet. Sign in, and watch.</p>}
        <ol className="trace-lines">
          {runsOf(lines).map(({ newest, count }) => (
            <TraceLine key={newest.number} entry={newest.entry} count={count} />
          ))}
        </ol>
      </div>
    </Card>
  )
}
