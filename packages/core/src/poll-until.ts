import { deferred } from './deferred.ts'
import { notify } from './emitter.ts'
import { isReauthError } from './errors.ts'
import { defaultPlatform, type Platform } from './platform/platform.ts'
import { sleep } from './sleep.ts'
import type { Trace } from './trace.ts'

/** What a probe found. Another status than these goes on, with a warning. */
export interface ProbeResult<T> {
  /** `queued`: not counted as waiting; `failed`: it will never be ready. */
  status: 'ready' | 'queued' | 'provisioning' | 'failed' | (string & {})
  value?: T
}

export type Probe<T> = (signal: AbortSignal) => Promise<ProbeResult<T>>

export interface PollOptions {
  /** The time between the first probe and the second, in ms. @default 1000 */
  firstMs?: number
  /** What each time is multiplied with to get the next. @default 1.5 */
  factor?: number
  /** The longest time between two probes, in ms. @default 5000 */
  maxMs?: number
  /** How long to wait in all, in ms, the time in a queue not counted. @default 180_000 */
  timeoutMs?: number
  /** Called every second from 30 s on, with the ms since this wait began, for "Still starting… (42 s)". */
  onElapsed?: (elapsedMs: number) => void
  /** Ends this caller's wait, which then resolves to undefined. The probing ends with the last caller. */
  signal?: AbortSignal
  /** Takes the warnings, which go to the console without it. */
  trace?: Trace
  /** @default found on `globalThis` */
  platform?: Platform
}

/** Something did not become ready: it took too long, or it failed for good. */
export class PollError extends Error {
  override readonly name = 'PollError'
  readonly reason: 'timeout' | 'failed'

  constructor(message: string, reason: 'timeout' | 'failed') {
    super(message)
    this.reason = reason
  }
}

interface Wait {
  readonly result: Promise<unknown>
  readonly stop: AbortController
  readonly onElapsed: Set<{ readonly call: (elapsedMs: number) => void }>
  callers: number
}

const waits = new Map<unknown, Wait>()

/**
 * Probes at once and then in growing intervals until the answer is `ready`, and returns its value; undefined when the
 * signal ended the wait. Callers with the same key share one wait, with the probe and the times of the first.
 *
 * Rejects with {@link PollError}, and with an `AuthenticationError` or `PermissionDeniedError` of the probe; anything
 * else that the probe throws is a warning.
 */
export async function pollUntil<T>(key: unknown, probe: Probe<T>, options: PollOptions = {}): Promise<T | undefined> {
  const { signal, onElapsed } = options
  const { firstMs = 1000, factor = 1, maxMs = 5000 } = options
  if (!(firstMs >= 0 && factor >= 0 && maxMs >= 0))
    throw new TypeError('firstMs, factor and maxMs have to be numbers, not below 0')
  if (signal?.aborted === true) return undefined
  const wait = waits.get(key) ?? begin(key, probe, options)
  const entry = onElapsed && { call: onElapsed }
  if (entry !== undefined) wait.onElapsed.add(entry)
  wait.callers++
  const left = deferred<undefined>()
  const leave = (): void => {
    left.resolve(undefined)
  }
  signal?.addEventListener('abort', leave, { once: true })
  try {
    return (await Promise.race([wait.result, left.promise])) as T | undefined
  } finally {
    signal?.removeEventListener('abort', leave)
    if (entry !== undefined) wait.onElapsed.delete(entry)
    // The last one out ends the probing; the next wait for this key starts anew.
    if (--wait.callers === 0) {
      if (waits.get(key) === wait) waits.delete(key)
      wait.stop.abort()
    }
  }
}

function begin(key: unknown, probe: Probe<unknown>, options: PollOptions): Wait {
  const stop = new AbortController()
  const onElapsed: Wait['onElapsed'] = new Set()
  const result = poll(key, probe, options, stop.signal).finally(() => {
    stop.abort()
    if (waits.get(key) === wait) waits.delete(key)
  })
  result.catch(() => {})
  const wait: Wait = { result, stop, onElapsed, callers: 0 }
  waits.set(key, wait)
  void tick(options.platform ?? defaultPlatform, wait)
  return wait
}

async function tick(platform: Platform, { stop: { signal }, onElapsed }: Wait): Promise<void> {
  const begun = platform.now()
  for (let ms = 30_000; ; ms = 1000) {
    // oxlint-disable-next-line no-await-in-loop
    await sleep(platform, ms, signal)
    if (signal.aborted) return
    for (const { call } of onElapsed) notify(call, platform.now() - begun)
  }
}

async function poll(key: unknown, probe: Probe<unknown>, options: PollOptions, signal: AbortSignal): Promise<unknown> {
  const { firstMs = 1000, factor = 1.5, maxMs = 5000, timeoutMs = 180_000, platform = defaultPlatform } = options
  const budget = createBudget(platform, timeoutMs, signal)
  let delayMs = Math.min(firstMs, maxMs)
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop
      const { status, value } = await Promise.race([probeOnce(key, probe, options, signal), budget.spent])
      if (status === 'ready') return value
      if (status === 'failed') throw new PollError(`${String(key)} failed, and will not become ready`, 'failed')
      if (signal.aborted) return undefined
      budget.count(status !== 'queued')
      // oxlint-disable-next-line no-await-in-loop
      await Promise.race([sleep(platform, delayMs, signal), budget.spent])
      if (signal.aborted) return undefined
      delayMs = Math.min(delayMs * factor, maxMs)
    }
  } finally {
    budget.count(false)
  }
}

/** Counts down while told to; `spent` rejects at zero. */
interface Budget {
  readonly spent: Promise<never>
  readonly count: (isCounting: boolean) => void
}

function createBudget(platform: Platform, timeoutMs: number, signal: AbortSignal): Budget {
  const spent = deferred<never>()
  spent.promise.catch(() => {})
  let leftMs = timeoutMs
  let since: number | undefined
  let timer: unknown
  const count = (isCounting: boolean): void => {
    if (since !== undefined) leftMs -= platform.now() - since
    platform.clearTimeout(timer)
    since = isCounting ? platform.now() : undefined
    // In steps, since a timer holds no more than 2^31 ms.
    if (isCounting) timer = platform.setTimeout(isOver, Math.min(leftMs, 2 ** 30))
  }
  const isOver = (): void => {
    count(true)
    if (leftMs > 0) return
    count(false)
    spent.reject(new PollError(`Not ready in ${timeoutMs} ms; try again, or raise timeoutMs`, 'timeout'))
  }
  signal.addEventListener('abort', () => {
    count(false)
    spent.reject(signal.reason)
  })
  count(true)
  return { spent: spent.promise, count }
}

async function probeOnce(
  key: unknown,
  probe: Probe<unknown>,
  options: PollOptions,
  signal: AbortSignal,
): Promise<ProbeResult<unknown>> {
  try {
    const result = await probe(signal)
    if (!['ready', 'queued', 'provisioning', 'failed'].includes(result.status)) warn(key, options, 'unknown status')
    return result
  } catch (error) {
    const isFinal = isReauthError(error) && error.name !== 'RefreshError'
    if (isFinal) throw error
    if (!signal.aborted) warn(key, options, 'the probe failed')
    return { status: 'unknown' }
  }
}

function warn(key: unknown, { trace, platform = defaultPlatform }: PollOptions, reason: string): void {
  if (trace === undefined) console.warn(`reauth: waiting for ${String(key)} goes on: ${reason}`)
  else notify(trace, { type: 'warning', level: 'warn', at: platform.now(), session: String(key), reason })
}
