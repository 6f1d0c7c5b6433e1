/** What happens to the page or the machine that a connection lives on. */
export interface PageLife {
  /** It may have slept, or been elsewhere: what seems open may be dead. */
  woke(isCertain: boolean): void
  /** It goes into the back/forward cache, where no connection lives on. */
  left(): void
}

const debounceMs = 250

/** Whether nobody could be reached now. */
export function isAway(pausesWhenHidden = false): boolean {
  const { navigator, document } = globalThis as Partial<typeof globalThis>
  return navigator?.onLine === false || (pausesWhenHidden && document?.visibilityState === 'hidden')
}

/** Follows the life of the page, until the signal aborts. In Node nothing of it happens. */
export function followPage(life: PageLife, signal: AbortSignal): void {
  const { addEventListener } = globalThis as Partial<typeof globalThis>
  if (addEventListener === undefined) return
  let timer: ReturnType<typeof setTimeout> | undefined
  let isCertain = false
  const wake = ({ type, persisted }: Partial<PageTransitionEvent>): void => {
    // A page that was only loaded has not slept.
    if (type === 'pageshow' && persisted !== true) return
    if (type === 'visibilitychange' && document.visibilityState === 'hidden') return
    // Of one awakening there are several events.
    isCertain ||= type !== 'visibilitychange'
    timer ??= setTimeout(() => {
      timer = undefined
      life.woke(isCertain)
      isCertain = false
    }, debounceMs)
  }
  const options = { capture: true, signal }
  for (const type of ['online', 'pageshow', 'resume', 'visibilitychange']) addEventListener(type, wake, options)
  addEventListener('pagehide', life.left, options)
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
  })
}
