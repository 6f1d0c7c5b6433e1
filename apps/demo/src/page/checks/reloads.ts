import { serverCounters } from '../activity/server-counters.ts'
import { ensure, until } from './check.ts'
import { counted, stillSignedIn } from './measures.ts'

/** Where a row of reloads stands. It has to outlive the page. */
interface Reloads {
  readonly left: number
  readonly codeExchanges: number
  readonly refreshes: number
  /** Every headline that was seen, in any frame. */
  readonly seen: readonly string[]
}

const name = 'demo.reloads'
const times = 20

/** Notes every headline that shows up while a row of reloads is under way. Called before anything is rendered. */
export function watchHeadlines(): void {
  if (read() === undefined) return
  new MutationObserver(() => {
    const reloads = read()
    const headline = document.querySelector('.status')?.textContent ?? ''
    if (reloads === undefined || headline === '' || reloads.seen.includes(headline)) return
    write({ ...reloads, seen: [...reloads.seen, headline] })
  }).observe(document, { subtree: true, childList: true, characterData: true })
}

/** Reloads the page twenty times. Each time it is called anew; the last time it says what was seen. */
export async function reload20Times(): Promise<string> {
  await until(() => serverCounters.get() !== undefined, 'the servers say nothing')
  const { codeExchanges, refreshes } = await counted()
  const reloads = read() ?? { left: times, codeExchanges, refreshes, seen: [] }
  if (reloads.left > 0) {
    stillSignedIn()
    write({ ...reloads, left: reloads.left - 1 })
    location.reload()
    // the page ends here
    await new Promise<never>(() => {})
  }
  sessionStorage.removeItem(name)
  stillSignedIn()
  const others = reloads.seen.filter((headline) => !['Loading…', 'Signed in'].includes(headline))
  ensure(others.length === 0, `Flashed up: ${others.join(', ')}`)
  ensure(codeExchanges === reloads.codeExchanges, 'It had to sign in')
  const cost = refreshes - reloads.refreshes
  ensure(cost <= times, `${cost} refreshes`)
  return `${times} reloads, ${cost} refreshes, never another headline.`
}

function read(): Reloads | undefined {
  const stored = sessionStorage.getItem(name)
  return stored === null ? undefined : (JSON.parse(stored) as Reloads)
}

function write(reloads: Reloads): void {
  sessionStorage.setItem(name, JSON.stringify(reloads))
}
