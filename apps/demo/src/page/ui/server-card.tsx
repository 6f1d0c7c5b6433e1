import type { JSX } from 'react'

import { serverCounters } from '../activity/server-counters.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'
import { Figures } from './figures.tsx'

/** The same story as the servers tell it. Only they know how often a token was really refreshed. */
export function ServerCard(): JSX.Element {
  const seen = useStore(serverCounters)
  return (
    <Card title="Seen by the servers" area="servers" aside={<span className="aside">since they started</span>}>
      <Figures
        figures={[
          { name: 'sign-ins', value: seen?.codeExchanges },
          { name: 'refreshes', value: seen?.refreshes },
          { name: 'refused', value: seen?.refreshesRefused, tone: 'note' },
          { name: 'reuse detected', value: seen?.reuseDetected, tone: 'bad' },
          { name: 'API 200', value: seen?.apiOk },
          { name: 'API 401', value: seen?.apiUnauthorized, tone: 'note' },
          { name: 'API 403', value: seen?.apiDenied, tone: 'note' },
          { name: 'token posts', value: seen?.tokenPosts },
        ]}
      />
    </Card>
  )
}
