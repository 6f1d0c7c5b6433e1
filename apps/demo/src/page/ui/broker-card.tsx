import type { JSX } from 'react'

import { serverCounters } from '../activity/server-counters.ts'
import { changeWay, way } from '../auth/way.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'
import { Figures } from './figures.tsx'

/** Puts the broker between this page and the issuer, and shows what it saw. */
export function BrokerCard(): JSX.Element {
  const broker = useStore(serverCounters)?.broker
  const refreshes = broker && Object.values(broker.refreshesByKey).reduce((sum, count) => sum + count, 0)
  return (
    <Card title="Broker" area="broker">
      <p>
        {way === 'broker'
          ? 'The broker holds the refresh token; this page has an access token and a cookie that it cannot read.'
          : 'This page holds its refresh token, and asks the issuer itself.'}
      </p>
      <Figures
        figures={[
          { name: 'requests', value: broker?.requests },
          { name: 'refreshes', value: refreshes },
          { name: 'answered 502', value: broker?.unavailable, tone: 'note' },
          { name: 'locks now', value: broker?.locks },
        ]}
      />
      <button type="button" className="button" onClick={changeWay}>
        {way === 'broker' ? 'Go to the issuer directly' : 'Put the broker between'}
      </button>
    </Card>
  )
}
