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

/** The longest that a timer may be late while the machine is awake: those of a hidden page are looked at once a minute. */
const sleepMs = 90_000

/**
 * Watches a line, and gives it up if it is dead. Returns what looks at once, since the machine
 * may have slept; `isCertain` where it has.
 */
export function watch(
  line: Line,
  { ping }: Transport,
  { intervalMs = 30_000, timeoutMs = 5000, message }: HeartbeatOptions,
): (isCertain: boolean) => void {
  let timer: ReturnType<typeof setTimeout>

  /** Waits for a sign of life. */
  function listen(ms: number, silent: () => void): void {
    clearTimeout(timer)
    line.isHeard = false
    const dueAt = Date.now() + ms
    timer = setTimeout(() => {
      if (Date.now() - dueAt > sleepMs) look(true)
      else if (line.isHeard) rest()
      else silent()
    }, ms)
  }

  function rest(): void {
    listen(intervalMs, look)
  }

  function look(isCertain = false): void {
    if (message === undefined && ping === undefined) return isCertain ? line.giveUp() : rest()
    listen(timeoutMs, line.giveUp)
    if (message !== undefined) return line.sendOwn(message)
    ping!(line.socket, () => {
      line.isHeard = true
    })
  }

  rest()
  line.whenOver(() => {
    clearTimeout(timer)
  })
  return look
}
