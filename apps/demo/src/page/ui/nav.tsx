import type { JSX, MouseEvent } from 'react'

import { go, place } from '../place.ts'
import { useStore } from '../store.ts'
import { viewOf, views } from './views.tsx'

/** The ways between the views: links, so that they can be opened in another tab. */
export function Nav(): JSX.Element {
  const current = viewOf(useStore(place))
  return (
    <nav className="nav" aria-label="Views">
      {views.map((view) => (
        <a
          key={view.path}
          href={view.path}
          aria-current={view === current ? 'page' : undefined}
          onClick={(event) => follow(event, view.path)}
        >
          {view.name}
        </a>
      ))}
    </nav>
  )
}

/** Stays in the page, unless the user asked for another tab or window. */
function follow(event: MouseEvent, path: string): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  go(path)
}
