import type { ComponentType, JSX } from 'react'

import { BrokerCard } from './broker-card.tsx'
import { CallsCard } from './calls-card.tsx'
import { ChecksView } from './checks-view.tsx'
import { ExperimentsCard } from './experiments-card.tsx'
import { LifetimeCard } from './lifetime-card.tsx'
import { LoadCard } from './load-card.tsx'
import { ModalCard } from './modal-card.tsx'
import { RequestsCard } from './requests-card.tsx'
import { PlayerCard } from './player-card.tsx'
import { ServerCard } from './server-card.tsx'
import { ServersView } from './servers-view.tsx'
import { ClockCard } from './session-clock.tsx'
import { TabsCard } from './tabs-card.tsx'
import { TimelineCard } from './timeline-card.tsx'
import { TraceCard } from './trace-card.tsx'
import { SocketCard, StreamsCard } from './transport-cards.tsx'
import { UploadCard } from './upload-card.tsx'
import { WorkspaceCard } from './workspace-card.tsx'

/** A part of the page with an address of its own. */
export interface View {
  readonly path: string
  readonly name: string
  readonly Content: ComponentType
}

const overview: View = { path: '/', name: 'Overview', Content: Overview }

/** All of them, in the order of the navigation. */
export const views: readonly View[] = [
  overview,
  { path: '/transports', name: 'Transports', Content: Transports },
  { path: '/servers', name: 'Servers', Content: ServersView },
  { path: '/screens', name: 'Screens', Content: Screens },
  { path: '/checks', name: 'Checks', Content: ChecksView },
  { path: '/requests', name: 'Requests', Content: Requests },
]

/** The view that a path shows; the overview for one that is none. */
export function viewOf(path: string): View {
  const [, first = ''] = path.split(/[/?]/)
  return views.find((view) => view.path === `/${first}`) ?? overview
}

function Overview(): JSX.Element {
  return (
    <>
      <ExperimentsCard />
      <CallsCard />
      <ServerCard />
      <TraceCard />
      <TimelineCard />
    </>
  )
}

function Transports(): JSX.Element {
  return (
    <>
      <SocketCard />
      <StreamsCard />
      <PlayerCard />
      <TabsCard />
      <TimelineCard />
    </>
  )
}

function Screens(): JSX.Element {
  return (
    <>
      <LifetimeCard />
      <BrokerCard />
      <ClockCard />
      <WorkspaceCard />
      <UploadCard />
      <ModalCard />
    </>
  )
}

function Requests(): JSX.Element {
  return (
    <>
      <TimelineCard />
      <RequestsCard />
      <LoadCard />
    </>
  )
}
