import type { JSX } from 'react'

import type { Meter, Reading as Seen } from '../transports/reading.ts'
import { useStore } from '../store.ts'

interface ReadingProps {
  name: string
  meter: Meter
  /** Whether it is the one without reauth. */
  isBare?: boolean
}

const words: Readonly<Record<Seen['state'], string>> = {
  idle: 'not started',
  connecting: 'connecting',
  open: 'open',
  waiting: 'waiting',
  dead: 'dead',
  done: 'done',
}

/** How a connection is doing. */
export function Reading({ name, meter, isBare = false }: ReadingProps): JSX.Element {
  const { state, detail, count, lost, doubled, connections } = useStore(meter.reading)
  return (
    <div className="reading" data-state={state} data-reading={name} data-bare={isBare || undefined}>
      <p className="reading-name">
        <b>{name}</b>
        <span className="reading-state">
          {words[state]}
          {detail !== '' && `: ${detail}`}
        </span>
      </p>
      <dl className="reading-figures">
        <div>
          <dt>came</dt>
          <dd data-count="came">{count}</dd>
        </div>
        <div>
          <dt>lost</dt>
          <dd data-count="lost">{lost}</dd>
        </div>
        <div>
          <dt>twice</dt>
          <dd data-count="twice">{doubled}</dd>
        </div>
        <div>
          <dt>connections</dt>
          <dd data-count="connections">{connections}</dd>
        </div>
      </dl>
    </div>
  )
}
