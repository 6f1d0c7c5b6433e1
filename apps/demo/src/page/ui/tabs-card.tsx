import { type JSX, useEffect } from 'react'

import { eventLog } from '../activity/event-log.ts'
import { countTabs, openTabs } from '../auth/tabs.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'
import { Figures } from './figures.tsx'

/** What other tabs did for this one: one of them refreshes, the others take over what it got. */
export function TabsCard(): JSX.Element {
  useEffect(countTabs, [])
  const told = useStore(eventLog).filter(({ lane }) => lane === 'tabs')
  const times = (type: string): number =>
    told.filter((event) => event.kind === 'trace' && event.entry.type === type).length
  return (
    <Card title="Other tabs" area="tabs">
      <Figures
        figures={[
          { name: 'tabs open', value: useStore(openTabs) },
          { name: 'adopted', value: times('adopted') },
          { name: 'lock waits', value: times('lock-wait') },
          { name: 'takeovers', value: times('takeover') },
        ]}
      />
      {/* as a person opens one: what stands in this tab's sessionStorage is not copied into it */}
      <button type="button" className="button" onClick={() => window.open(location.href, '_blank', 'noopener')}>
        Open another tab
      </button>
    </Card>
  )
}
