import type { Counters, Settings } from '../../contract.ts'
import { serverCounters } from '../activity/server-counters.ts'
import { admin } from '../admin.ts'
import { api, session } from '../auth/session.ts'
import { paths } from '../../contract.ts'
import { ensure, until, wait } from './check.ts'

/** What the servers have counted, once they are done counting. */
export async function counted(): Promise<Counters> {
  for (;;) {
    const before = serverCounters.get()
    // oxlint-disable-next-line no-await-in-loop -- it is a wait
    await wait(200)
    const now = serverCounters.get()
    if (now !== undefined && now === before) return now
  }
}

/** How many refreshes a task cost the issuer, and whether it saw a refresh token twice. */
export async function costOf(task: () => Promise<unknown>): Promise<{ refreshes: number; reuse: number }> {
  const before = await counted()
  await task()
  const after = await counted()
  return {
    refreshes: after.refreshes - before.refreshes,
    reuse: after.reuseDetected - before.reuseDetected,
  }
}

/** Changes the servers' settings for the time of a task. */
export async function withSettings<Result>(change: Partial<Settings>, task: () => Promise<Result>): Promise<Result> {
  const before = await admin.settings()
  try {
    await admin.set(change)
    return await task()
  } finally {
    const names = Object.keys(change) as (keyof Settings)[]
    await admin.set(Object.fromEntries(names.map((name) => [name, before[name]])))
  }
}

/** Gets a token that lives for a second only; those after it live as long as before. */
export async function holdShort(): Promise<void> {
  await withSettings({ accessTokenSeconds: 1 }, () => session.refresh())
}

/** Makes calls at once, and says how many came back well. */
export async function calls(count: number): Promise<number> {
  const answers = await Promise.allSettled(Array.from({ length: count }, () => api(paths.work)))
  return answers.filter((answer) => answer.status === 'fulfilled' && answer.value.ok).length
}

/** Makes calls until one comes back well: what a person does who tries again. */
export async function recover(): Promise<void> {
  let isBack = false
  const deadline = performance.now() + 20_000
  while (!isBack) {
    ensure(performance.now() < deadline, 'It did not come back')
    // oxlint-disable-next-line no-await-in-loop -- it is a wait
    isBack = (await calls(1)) === 1
    // oxlint-disable-next-line no-await-in-loop -- it is a wait
    if (!isBack) await wait(200)
  }
}

/** Rejects unless the page is still signed in. */
export function stillSignedIn(): void {
  const { status } = session.state
  ensure(status === 'active', `The session is ${status}`)
}

/** Waits until somebody is signed in. */
export const signedIn = (): Promise<void> => until(() => session.state.status === 'active', 'nobody is signed in')
