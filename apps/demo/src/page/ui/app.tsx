import { type JSX, useEffect } from 'react'

import { runInBackground } from '../activity/background.ts'
import { followCounters } from '../activity/server-counters.ts'
import { open } from '../auth/sign-in.ts'
import { facts } from '../facts.ts'
import { place } from '../place.ts'
import { useStore } from '../store.ts'
import { Nav } from './nav.tsx'
import { SessionCard } from './session-card.tsx'
import { SessionClock } from './session-clock.tsx'
import { viewOf } from './views.tsx'

/** The page. Its effects may run twice: each gives back how to stop, or joins the first run. */
export function App(): JSX.Element {
  useEffect(() => void open(), [])
  useEffect(runInBackground, [])
  useEffect(followCounters, [])
  const { path, Content } = viewOf(useStore(place))
  return (
    <>
      <header className="masthead">
        <h1>
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <path d="M26 16a10 10 0 1 1-3-7M24 2v8h-8" />
          </svg>
          reauth <span>demo</span>
        </h1>
        <p>Access tokens die young here. Watch nobody notice.</p>
        <SessionClock />
        <Nav />
      </header>
      <main data-view={path}>
        <SessionCard />
        <Content />
      </main>
      <footer className="colophon">
        A real authorization server, oidc-provider, answers at <code>{new URL(facts.issuer).host}</code>. Tokens live in
        IndexedDB, one session for all tabs; a reload goes on with them.
      </footer>
    </>
  )
}
