// What core may see of the platform, in types: nothing of a transport. The lib "dom" is not on core's list.

interface AbortSignalListenerOptions {
  once?: boolean
  signal?: AbortSignal
}

interface AbortSignal {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void, options?: AbortSignalListenerOptions): void
  removeEventListener(type: 'abort', listener: () => void): void
}

declare const AbortSignal: { any(signals: AbortSignal[]): AbortSignal }

interface AbortController {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
}
declare const AbortController: { new (): AbortController }

interface URL {
  readonly protocol: string
  readonly hostname: string
  readonly host: string
  readonly href: string
  readonly origin: string
  readonly pathname: string
}
declare const URL: {
  new (url: string | URL, base?: string | URL): URL
  parse(url: string | URL, base?: string): URL | null
}

declare function setTimeout(callback: () => void, ms: number): number
declare function clearTimeout(id: number): void
declare function queueMicrotask(callback: () => void): void
declare function atob(data: string): string
declare const addEventListener: unknown
declare const navigator: { readonly locks?: { readonly request: never } }
declare const BroadcastChannel: (new (name: string) => never) | undefined
declare const localStorage: unknown
declare const console: { warn(...data: unknown[]): void }
declare var location: { readonly origin: string; readonly href: string } | undefined
declare var document: { readonly baseURI: string } | undefined
declare const sessionStorage:
  | {
      getItem(key: string): string | null
      setItem(key: string, value: string): void
      removeItem(key: string): void
    }
  | null
  | undefined

interface Event {
  readonly target: unknown
  preventDefault(): void
}

interface EventTarget {
  addEventListener(type: string, listener: (event: Event) => void): void
}

interface IDBRequest<T = unknown> extends EventTarget {
  readonly result: T
  readonly error: unknown
  onsuccess: (() => void) | null
}

interface IDBOpenDBRequest extends IDBRequest<IDBDatabase> {
  onupgradeneeded: (() => void) | null
}

interface IDBObjectStore {
  get(key: string): IDBRequest
  put(value: string, key: string): IDBRequest
  delete(key: string): IDBRequest
}

interface IDBTransaction extends EventTarget {
  oncomplete: (() => void) | null
  objectStore(name: string): IDBObjectStore
}

interface IDBDatabase extends EventTarget {
  createObjectStore(name: string): unknown
  transaction(names: string, mode: 'readonly' | 'readwrite'): IDBTransaction
  close(): void
}
declare const indexedDB: { open(name: string, version: number): IDBOpenDBRequest } | undefined
