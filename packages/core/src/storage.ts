/** What `request` of a storage or of the platform's locks is asked with. */
export interface LockOptions {
  /** Ends the wait, with its reason; a task that runs is its own master. */
  signal?: AbortSignal | undefined
  /** Takes the lock from whoever holds it. Only Web Locks are asked for that. */
  steal?: boolean | undefined
}

/** Runs the callback when nobody else holds the name, and holds it until its promise settles: the shape of Web Locks. */
export type RequestLock = <T>(name: string, options: LockOptions, callback: () => Promise<T>) => Promise<T>

type Awaitable<T> = T | Promise<T>

/**
 * Where a session is kept: `localStorage`, `sessionStorage`, or anything else of this shape, sync or async. What it
 * throws is told as `persist-failed`, and the page goes on in memory; so is an answer that takes longer than 5 s.
 */
export interface TokenStorage {
  /** A string as it was set, or the object that the string was made from; null or undefined when absent. */
  getItem(key: string): Awaitable<unknown>
  setItem(key: string, value: string): Awaitable<unknown>
  removeItem(key: string): Awaitable<unknown>
  /** Makes the storage its own lock, for everybody who shares it. @default `navigator.locks`, in pages */
  request?: RequestLock
  /**
   * Sets an item if it still is what `getItem` gave (null when absent), in one step; returns whether it did.
   *
   * @default a read, a comparison and a write, under the lock
   */
  replaceItem?: (key: string, expected: unknown, next: string) => Awaitable<boolean>
  /** What it is a layer over, where that decides who shares it. */
  readonly base?: TokenStorage
}
