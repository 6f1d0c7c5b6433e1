import type { JSX } from 'react'

import type { Call } from '../activity/calls.ts'

/** One bar per call, newest at the right. The shade changes with each new token: a refresh is seen, a gap would be, too. */
export function Heartbeat({ recent }: { recent: readonly Call[] }): JSX.Element {
  const bad = recent.filter(({ kind }) => kind !== 'ok').length
  const label =
    recent.length === 0 ? 'No calls yet' : `The last ${recent.length} calls: ${bad === 0 ? 'all ok' : `${bad} not ok`}`
  return (
    <figure className="heartbeat">
      <div role="img" aria-label={label}>
        {recent.map(({ number, kind, version }) => (
          <i key={number} data-kind={kind} data-shade={version % 2} />
        ))}
      </div>
      <figcaption>Each bar is a call. The shade changes with every new token.</figcaption>
    </figure>
  )
}
