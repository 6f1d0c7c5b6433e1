import { isBackgroundOn } from '../activity/background.ts'
import { admin } from '../admin.ts'
import { session } from '../auth/session.ts'
import { createStore, type Store } from '../store.ts'
import type { Check } from './check.ts'
import { faults } from './faults.ts'
import { signedIn } from './measures.ts'
import { smoke } from './smoke.ts'

/** What came of a check. */
export type Result = { status: 'running' } | { status: 'passed' | 'failed'; text: string }

/** The checks that are to be run, and what came of those that were. It outlives a reload. */
export interface Progress {
  readonly queue: readonly string[]
  /** How many there were when it began. */
  readonly of: number
  readonly results: Readonly<Record<string, Result>>
  /** What the lifetime of tokens was before, while checks run: none is to end in the middle of one by itself. */
  readonly lifetime?: number
}

/** All of them, in the order in which "run all" runs them. */
export const checks: readonly Check[] = [...smoke, ...faults]

const name = 'demo.checks'
const idle: Progress = { queue: [], of: 0, results: {} }

/** How far the checks have come. */
export const progress: Store<Progress> = createStore(read())

/** Puts checks at the end of the queue. */
export function enqueue(wanted: readonly Check[]): void {
  const { queue, of, results } = progress.get()
  const added = wanted.map(({ id }) => id).filter((id) => !queue.includes(id))
  const forgotten = Object.fromEntries(Object.entries(results).filter(([id]) => !added.includes(id)))
  const isBusy = queue.length > 0
  write({ ...progress.get(), queue: [...queue, ...added], of: (isBusy ? of : 0) + added.length, results: forgotten })
  void work()
}

let working: Promise<void> | undefined

/** Runs what is in the queue, one after the other. A second call joins the first. */
export function work(): Promise<void> {
  // no await between the look and the assignment: that is what makes this a single flight
  working ??= workOff().finally(() => {
    working = undefined
    // somebody may have asked for more while things were put back
    if (progress.get().queue.length > 0) void work()
  })
  return working
}

async function workOff(): Promise<void> {
  if (progress.get().queue.length === 0) return
  const wasOn = isBackgroundOn.get()
  isBackgroundOn.set(false)
  if (progress.get().lifetime === undefined) await prolong().catch(() => {})
  for (;;) {
    const [id] = progress.get().queue
    const check = checks.find((one) => one.id === id)
    if (id === undefined) break
    tell(id, { status: 'running' })
    // oxlint-disable-next-line no-await-in-loop -- one after the other: they share the servers
    const result = check === undefined ? undefined : await attempt(check)
    const { queue, results } = progress.get()
    write({
      ...progress.get(),
      queue: queue.slice(1),
      results: result === undefined ? results : { ...results, [id]: result },
    })
  }
  await restore()
  isBackgroundOn.set(wasOn)
}

const longSeconds = 600

async function prolong(): Promise<void> {
  const { accessTokenSeconds: lifetime } = await admin.settings()
  write({ ...progress.get(), lifetime })
  await admin.set({ accessTokenSeconds: longSeconds })
  await session.refresh()
}

async function restore(): Promise<void> {
  const { lifetime, ...rest } = progress.get()
  write(rest)
  if (lifetime === undefined) return
  await Promise.allSettled([admin.set({ accessTokenSeconds: lifetime })])
  await session.refresh().catch(() => {})
}

async function attempt({ run }: Check): Promise<Result> {
  try {
    await signedIn()
    return { status: 'passed', text: await run() }
  } catch (error) {
    return { status: 'failed', text: error instanceof Error ? error.message : String(error) }
  }
}

function tell(id: string, result: Result): void {
  write({ ...progress.get(), results: { ...progress.get().results, [id]: result } })
}

function write(next: Progress): void {
  progress.set(next)
  sessionStorage.setItem(name, JSON.stringify(next))
}

function read(): Progress {
  const stored = sessionStorage.getItem(name)
  return stored === null ? idle : (JSON.parse(stored) as Progress)
}
