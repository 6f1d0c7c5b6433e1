/** Who holds the refresh token: this page, or the broker between it and the issuer. */
export type Way = 'direct' | 'broker'

const name = 'demo.way'

/** The way of this page, until it is loaded anew. */
export const way: Way = localStorage.getItem(name) === 'broker' ? 'broker' : 'direct'

/** Loads the page anew, on the other way. Each way has a session of its own. */
export function changeWay(): void {
  localStorage.setItem(name, way === 'broker' ? 'direct' : 'broker')
  location.reload()
}
