import { type JSX, useId } from 'react'

import { clearLog, eventLog } from '../activity/event-log.ts'
import { linesOf } from '../activity/trace-log.ts'
import { runsOf } from '../activity/trace-runs.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'
import { TraceLine } from './trace-line.tsx'

const shown = 200

/** What reauth did, in its own words. Not a live region: it would never stop talking. */
export function TraceCard(): JSX.Element {
  const lines = linesOf(useStore(eventLog)).slice(0, shown)
  const id = useId()
  return (
    <Card
      title="What reauth did"
      area="trace"
      aside={
        <button type="button" className="button quiet" onClick={clearLog}>
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
