import type { Clock } from '@reauth/testkit'

import { deferred } from '../../src/deferred.ts'
import type { Channel, Platform } from '../../src/platform/platform.ts'
import type { LockOptions, RequestLock } from '../../src/storage.ts'

/** One page of a browser: the clock of the machine, the locks and the channels of the origin, and events of its own. */
export interface Page {
  readonly platform: Platform & {
    readonly [Part in 'locks' | 'BroadcastChannel' | 'events']: NonNullable<Platform[Part]>
  }
  /** Makes something happen to the page, such as `visibilitychange`. */
  tell(type: string, event?: object): void
  /** From now on no message reaches it. */
  mute(): void
  /** How many listeners it has. */
  readonly listening: number
}

/** The pages of one origin. */
export interface Browser {
  openPage(): Page
  /** Takes a lock and keeps it until the function that this returns is called; a thief may be faster. */
  holdLock(name?: string): () => void
  /** What was posted on any channel, in order. */
  readonly messages: unknown[]
  /** Told of each message at the moment when it is posted. */
  onMessage?: (message: unknown) => void
  /** How many locks are held or waited for. */
  readonly locking: number
  /** How many channels are open. */
  readonly channels: number
}

interface Request {
  readonly begin: () => void
  readonly rob: () => void
}

/** The Web Locks of an origin: exclusive, in the order of the requests, with signals and stealing. */
function createWebLocks(): { request: RequestLock; readonly size: number } {
  const queues = new Map<string, Request[]>()
  const abortError = (): DOMException => new DOMException('The lock request is aborted', 'AbortError')
  const drop = (name: string, entry: Request): void => {
    const queue = queues.get(name) ?? []
    const at = queue.indexOf(entry)
    if (at === -1) return
    queue.splice(at, 1)
    if (queue.length === 0) queues.delete(name)
    else if (at === 0) queue[0]?.begin()
  }
  return {
    get size() {
      return [...queues.values()].flat().length
    },
    request: <T>(name: string, { signal, steal = false }: LockOptions, run: () => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason)
        const queue = queues.get(name) ?? []
        queues.set(name, queue)
        let hasBegun = false
        const entry: Request = {
          begin() {
            hasBegun = true
            const task = Promise.resolve().then(run)
            task.then(resolve, reject)
            task.then(
              () => drop(name, entry),
              () => drop(name, entry),
            )
          },
          rob: () => reject(abortError()),
        }
        signal?.addEventListener('abort', () => {
          if (hasBegun) return
          drop(name, entry)
          reject(signal.reason)
        })
        if (steal) queue.shift()?.rob()
        if (steal) queue.unshift(entry)
        else queue.push(entry)
        if (queue[0] === entry) entry.begin()
      }),
  }
}

/** Opens a browser at a clock. Messages arrive a turn later, as they do. */
export function createBrowser(clock: Clock): Browser {
  const locks = createWebLocks()
  const channels = new Set<Channel & { readonly name: string; readonly isMuted: () => boolean }>()
  const messages: unknown[] = []

  const browser: Browser = {
    messages,
    get locking() {
      return locks.size
    },
    get channels() {
      return channels.size
    },
    holdLock(name = 'reauth:reauth') {
      const { promise, resolve } = deferred<void>()
      locks.request(name, {}, () => promise).catch(() => {})
      return resolve
    },
    openPage() {
      const listeners = new Map<string, Set<(event: object) => void>>()
      let isMuted = false
      class PageChannel implements Channel {
        onmessage: Channel['onmessage'] = null
        readonly name: string
        readonly isMuted = (): boolean => isMuted
        constructor(name: string) {
          this.name = name
          channels.add(this)
        }
        postMessage(message: unknown): void {
          browser.onMessage?.(message)
          messages.push(message)
          const data = structuredClone(message)
          for (const other of [...channels].filter((one) => one !== this && one.name === this.name)) {
            setImmediate(() => {
              if (!other.isMuted() && channels.has(other)) other.onmessage?.({ data })
            })
          }
        }
        close(): void {
          channels.delete(this)
        }
      }
      return {
        platform: {
          ...clock,
          locks,
          BroadcastChannel: PageChannel,
          events: {
            addEventListener(type, listener) {
              const known = listeners.get(type) ?? new Set()
              listeners.set(type, known.add(listener))
            },
            removeEventListener: (type, listener) => void listeners.get(type)?.delete(listener),
          },
        },
        tell(type, event = { type }) {
          for (const listener of Array.from(listeners.get(type) ?? [])) listener(event)
        },
        mute() {
          isMuted = true
        },
        get listening() {
          return [...listeners.values()].reduce((sum, { size }) => sum + size, 0)
        },
      }
    },
  }
  return browser
}
