// What core may see of the platform, in types: nothing of a transport. The lib "dom" is not on core's list.

interface AbortSignalListenerOptions {
  once?: boolean
}

interface AbortSignal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: AbortSignalListenerOptions): void
  removeEventListener(type: 'abort', listener: () => void): void
}

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
}
declare const URL: { new (url: string | URL, base?: string | URL): URL }

declare function setTimeout(callback: () => void, ms: number): number
declare function clearTimeout(id: number): void
declare function queueMicrotask(callback: () => void): void
declare function atob(data: string): string
declare const console: { warn(...data: unknown[]): void }
declare const location: { readonly origin: string } | undefined
