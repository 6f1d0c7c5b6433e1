import { createStore, type Readable } from './store.ts'

const store = createStore(here())

/** Where in the page the user is: path and query. */
export const place: Readable<string> = store

/** Goes to a place of this page, as a link would without a reload. */
export function go(path: string): void {
  if (path === here()) return
  history.pushState(null, '', path)
  store.set(here())
}

/** Goes there without a trace of where the user was. */
export function replace(path: string): void {
  history.replaceState(null, '', path)
  store.set(here())
}

addEventListener('popstate', () => store.set(here()))

function here(): string {
  return location.pathname + location.search
}
