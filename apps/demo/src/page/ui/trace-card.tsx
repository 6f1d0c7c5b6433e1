import { type JSX, useId } from 'react'

import { type Line, traceLog } from '../activity/trace-log.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'

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
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="trace-scroll" tabIndex={0} role="group" aria-labelledby={id}>
        <p id={id} className="visually-hidden">
          Trace, newest first
        </p>
        {lines.length === 0 ? <p className="empty">Nothing yet. Sign in, and watch.</p> : <TraceLines lines={lines} />}
      </div>
    </Card>
  )
}

function TraceLines({ lines }: { lines: readonly Line[] }): JSX.Element {
  return (
    <ol className="trace" reversed>
      {lines.map(({ number, entry: { at, level, type, session: _session, ...details } }) => (
        <li key={number} data-level={level}>
          <time dateTime={new Date(at).toISOString()}>{clock.format(at)}</time>
          <span className="level">{level}</span>
          <b>{type}</b>
          <span className="details">
            {Object.entries(details).map(([name, value]) => (
              <span key={name}>
                {name} <code>{String(value)}</code>
              </span>
            ))}
          </span>
        </li>
      ))}
    </ol>
  )
}

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 1,
})
