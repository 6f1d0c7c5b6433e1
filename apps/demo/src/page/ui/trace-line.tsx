import type { TraceEntry } from '@reauth/core'
import type { JSX } from 'react'

import { wording } from '../activity/trace-wording.ts'
import { clock } from '../clock-time.ts'
import { facts } from '../facts.ts'

/** One entry of the trace, and how many times in a row it came. */
export function TraceLine({ entry, count }: { entry: TraceEntry; count: number }): JSX.Element {
  const { at, level, type } = entry
  return (
    <li data-level={level}>
      <time dateTime={new Date(at).toISOString()}>{clock.format(at)}</time>
      <span className="level">{level}</span>
      <b>
        {type}
        {count > 1 && ` × ${count}`}
      </b>
      <p>
        {wording[type]}
        {detailsOf(entry).map(([name, value]) => (
          <span key={name}>
            {name} <code>{String(value)}</code>
          </span>
        ))}
      </p>
    </li>
  )
}

/** What only this entry says. The demo has one issuer and one API, so their addresses are left out. */
function detailsOf({ at: _at, level: _level, type: _type, ...rest }: TraceEntry): [string, unknown][] {
  const known: unknown[] = [facts.issuer, location.origin, 'demo']
  return Object.entries(rest).filter(([, value]) => value !== undefined && !known.includes(value))
}
