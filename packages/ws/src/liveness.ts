import type { Line } from './line.ts'
import type { Transport } from './transport.ts'

export interface HeartbeatOptions {
  /**
   * How long nothing may come before the other end is asked for a sign of life, in ms.
   *
   * @default 30_000
   */
  intervalMs?: number
  /**
   * How long it may take to give one, in ms.
   *
   * @default 5_000
   */
  timeoutMs?: number
  /** What is sent to ask; any message is an answer. In Node it is a ping of the protocol. */
  message?: string
}

/** Sees to it that what seems open is. */
export interface Liveness {
  /** Looks at once, since the machine may have slept; `isCertain` where it has. */
  check(isCertain: boolean): void
}

/** The longest that a timer may be late while the machine is awake: those of a hidden page are looked at once a minute. */
const sleepMs = 90_000

/** Watches a line until the signal aborts; calls back if it is dead. */
export function watch(
  line: Line,
  transport: Transport,
  { intervalMs = 30_000, timeoutMs = 5000, message }: HeartbeatOptions,
  signal: AbortSignal,
  dead: () => void,
): Liveness {
  let timer: ReturnType<typeof setTimeout>
  const canAsk = message !== undefined || transport.ping !== undefined

  function arm(ms: number, then: () => void): void {
    clearTimeout(timer)
    const dueAt = Date.now() + ms
    timer = setTimeout(() => {
      if (Date.now() - dueAt > sleepMs) check(true)
      else then()
    }, ms)
  }

  function tick(): void {
    if (line.isAlive() || !canAsk) arm(intervalMs, tick)
    else ask()
  }

  function ask(): void {
    let isAnswered = false
    const answered = (): void => {
      isAnswered = true
    }
    line.isAlive()
    if (message === undefined) transport.ping?.(line.socket, answered)
    else line.send(message)
    arm(timeoutMs, () => {
      if (isAnswered || line.isAlive()) arm(intervalMs, tick)
      else dead()
    })
  }

  function check(isCertain: boolean): void {
    if (canAsk) ask()
    else if (isCertain) dead()
  }

  arm(intervalMs, tick)
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
  })
  return { check }
}
