import { type JSX, useEffect } from 'react'

import { isLoading, runLoad } from '../activity/load.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'

/** Made-up events, to see whether one can still read. */
export function LoadCard(): JSX.Element {
  const isOn = useStore(isLoading)
  useEffect(runLoad, [])
  return (
    <Card
      title="Under load"
      area="load"
      aside={
        <button type="button" role="switch" aria-checked={isOn} className="switch" onClick={() => isLoading.set(!isOn)}>
          1,000 events a second
        </button>
      }
    >
      <p>Made up, into the same buffer: what was requested before is soon half gone, and still reads.</p>
    </Card>
  )
}
