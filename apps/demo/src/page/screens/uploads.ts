import type { SessionState } from '@reauth/core'

import { paths } from '../../contract.ts'
import { api, session } from '../auth/session.ts'
import { createStore, type Store } from '../store.ts'

/** A file that goes to the server in parts. */
export interface Upload {
  readonly number: number
  readonly parts: number
  readonly sent: number
  readonly state: 'under way' | 'done' | 'failed'
  /** Why it failed. */
  readonly reason: string
  /** Whose it is: nobody else sees it. */
  readonly identity: string | undefined
}

const name = 'demo.uploads'

/**
 * All of them, newest first. None is lost: what the end of a session interrupted is marked, and can be tried again after
 * the sign-in, for which the page is left.
 */
export const uploads: Store<readonly Upload[]> = createStore<readonly Upload[]>(read())
uploads.subscribe(() => sessionStorage.setItem(name, JSON.stringify(uploads.get())))

/** Whose uploads are shown; undefined while nobody's are. */
export function identityOf(state: SessionState): string | undefined {
  return state.status === 'active' || state.status === 'expired' ? state.identity : undefined
}

const partBytes = 16_384
const everyMs = 250

/** Uploads a file of so many parts. It ends with the session, and says so before its requests are cancelled. */
export async function upload(parts: number): Promise<void> {
  const number = uploads.get().length + 1
  const identity = identityOf(session.state)
  uploads.set([{ number, parts, sent: 0, state: 'under way', reason: '', identity }, ...uploads.get()])
  await go(number, parts, 0)
}

/** Goes on with an upload that failed, after the part that arrived last. */
export async function retry({ number, parts, sent }: Upload): Promise<void> {
  change(number, { state: 'under way', reason: '' })
  await go(number, parts, sent)
}

async function go(number: number, parts: number, from: number): Promise<void> {
  const { signal } = session
  const fail = (error: unknown): void => {
    change(number, { state: 'failed', reason: error instanceof Error ? error.message : String(error) })
  }
  const onEnd = (): void => fail(signal.reason)
  if (signal.aborted) return onEnd()
  // before the requests hear of it: they are sent with later listeners
  signal.addEventListener('abort', onEnd, { once: true })
  try {
    for (let sent = from; sent < parts; sent++) {
      // oxlint-disable-next-line no-await-in-loop -- one part after the other
      const response = await api(paths.upload, { method: 'POST', body: new Uint8Array(partBytes) })
      if (!response.ok) throw new Error(`The server answered ${response.status}`)
      change(number, { sent: sent + 1 })
      // oxlint-disable-next-line no-await-in-loop -- as slow as a phone
      await new Promise((resolve) => {
        setTimeout(resolve, everyMs)
      })
      if (signal.aborted) return
    }
    change(number, { state: 'done' })
  } catch (error) {
    if (!signal.aborted) fail(error)
  } finally {
    signal.removeEventListener('abort', onEnd)
  }
}

function change(number: number, part: Partial<Upload>): void {
  uploads.set(uploads.get().map((one) => (one.number === number ? { ...one, ...part } : one)))
}

function read(): readonly Upload[] {
  const kept = JSON.parse(sessionStorage.getItem(name) ?? '[]') as readonly Upload[]
  return kept.map((one) => (one.state === 'under way' ? { ...one, state: 'failed', reason: 'The page was left' } : one))
}
