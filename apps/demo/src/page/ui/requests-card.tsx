import { type JSX, useState } from 'react'

import { capacity, clearLog, eventLog } from '../activity/event-log.ts'
import { type Inspected, requestsOf } from '../activity/requests.ts'
import { clock } from '../clock-time.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'

const shown = 100

/** The requests among the last events, each put together from its two halves. */
export function RequestsCard(): JSX.Element {
  const [isHeld, setHeld] = useState(false)
  const events = useStore(eventLog)
  const [held, setHeldEvents] = useState(events)
  const requests = requestsOf(isHeld ? held : events)
  return (
    <Card
      title="Requests"
      area="requests wide"
      aside={
        <div className="zoom">
          <span className="aside">
            {events.length} of {capacity} events kept
          </span>
          <button
            type="button"
            role="switch"
            aria-checked={isHeld}
            className="switch"
            onClick={() => {
              setHeldEvents(events)
              setHeld(!isHeld)
            }}
          >
            hold still
          </button>
          <button type="button" className="button quiet" onClick={clearLog}>
            Clear
          </button>
        </div>
      }
    >
      <div className="table-scroll" tabIndex={0} role="group" aria-label="Requests, newest first">
        <table className="requests-table">
          <thead>
            <tr>
              <th scope="col">at</th>
              <th scope="col">by</th>
              <th scope="col">request</th>
              <th scope="col">answer</th>
              <th scope="col">ms</th>
            </tr>
          </thead>
          <tbody>
            {requests.slice(0, shown).map((one) => (
              <Row key={one.request} {...one} />
            ))}
          </tbody>
        </table>
        {requests.length === 0 && <p className="empty">No request in the buffer.</p>}
      </div>
    </Card>
  )
}

function Row({ at, lane, sent, outcome, ms, request }: Inspected): JSX.Element {
  return (
    <tr data-request={request} data-tone={toneOf(outcome)}>
      <td>{clock.format(at)}</td>
      <td>{lane}</td>
      <td>
        {sent === undefined ? (
          <em>#{request}: its start has left the buffer</em>
        ) : (
          <code>
            {sent.method} {sent.path}
          </code>
        )}
      </td>
      <td>{outcome === 'pending' ? 'pending' : 'status' in outcome ? outcome.status : outcome.reason}</td>
      <td>{ms ?? '–'}</td>
    </tr>
  )
}

function toneOf(outcome: Inspected['outcome']): 'note' | 'bad' | undefined {
  if (outcome === 'pending') return undefined
  if ('reason' in outcome) return 'bad'
  return outcome.status >= 500 ? 'bad' : outcome.status >= 400 ? 'note' : undefined
}
