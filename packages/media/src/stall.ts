/** How long nothing may come, in ms. */
const patienceMs = 8000

/** What may begin a wait for data, or end one. */
const types = 'loadstart waiting stalled seeking progress canplay playing seeked suspend emptied'.split(' ')

const isStarving = ({ networkState, readyState, error }: HTMLMediaElement): boolean =>
  networkState === 2 && readyState < 3 && error === null

/** Calls back when an element has waited for data for so long, for browsers that fire no `error`. */
export function watchForStalls(element: HTMLMediaElement, onStall: () => void, signal: AbortSignal): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = (): void => {
    clearTimeout(timer)
    if (isStarving(element) && !signal.aborted) timer = setTimeout(check, patienceMs)
  }
  const check = (): void => {
    const { navigator, document } = globalThis as Partial<typeof globalThis>
    if (navigator?.onLine !== false && document?.hidden !== true) onStall()
  }
  for (const type of types) element.addEventListener(type, look, { signal })
  signal.addEventListener('abort', look)
  look()
}
