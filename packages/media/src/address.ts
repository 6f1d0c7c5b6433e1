/** What an element plays from: itself, or a `<source>` in it. */
export type Carrier = HTMLMediaElement | HTMLSourceElement

/** Returns all addresses that an element may play from, as one text to compare. */
export function sourcesOf(element: HTMLMediaElement): string {
  return element.src || String([...element.querySelectorAll('source')].map(({ src }) => src))
}

/** Returns what a carrier asks a server for. */
export function addressOf(carrier: Carrier): string {
  return ('currentSrc' in carrier && carrier.currentSrc) || carrier.src
}

/** Returns an address that may be told: the query may hold a ticket. */
export function withoutQuery(address: string): string {
  return address.replace(/[?#].*/s, '')
}

/** Returns an address of the same item that is in no cache. */
export function pastCaches(address: string): string {
  const url = new URL(address)
  url.search += `${url.search && '&'}reload=${Date.now()}`
  return url.href
}
