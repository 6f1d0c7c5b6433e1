import type { JSX } from 'react'

import { isBackgroundOn } from '../activity/background.ts'
import { bareCalls, calls } from '../activity/calls.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'
import { Figures } from './figures.tsx'
import { Heartbeat } from './heartbeat.tsx'

/** The calls that this page makes, and how they ended for it. */
export function CallsCard(): JSX.Element {
  const isOn = useStore(isBackgroundOn)
  const bare = useStore(bareCalls)
  const { totals, recent } = useStore(calls)
  return (
    <Card
      title="Calls"
      area="calls"
      aside={
        <button
          type="button"
          role="switch"
          aria-checked={isOn}
          className="switch"
          onClick={() => isBackgroundOn.set(!isOn)}
        >
          one a second
        </button>
      }
    >
      <Heartbeat recent={recent} />
      <Figures
        figures={[
          { name: 'ok', value: totals.ok },
          { name: 'denied (403)', value: totals.denied, tone: 'note' },
          { name: 'failed', value: totals.failed, tone: 'bad' },
          { name: 'bare fetch: 401', value: bare.refused, tone: 'bad' },
        ]}
      />
    </Card>
  )
}
