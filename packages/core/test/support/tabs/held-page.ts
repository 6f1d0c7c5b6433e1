// What runs in a page to stop it between two steps. Each function goes there as its text: it knows nothing of this file.
import type { SessionPage } from './session-page.ts'

type Script = typeof globalThis & SessionPage & { openGate?: () => void }

/** Lets nothing come out of IndexedDB until the gate is open: who holds the lock gets no further. */
export function closeGate(): void {
  const opened = new Promise<void>((resolve) => {
    ;(globalThis as Script).openGate = resolve
  })
  Object.defineProperty(IDBTransaction.prototype, 'oncomplete', {
    set(this: IDBTransaction, listener: (event: Event) => void) {
      this.addEventListener('complete', (event) => void opened.then(() => listener(event)))
    },
  })
}

/** In a page that was loaded anew there is no gate. */
export function openGate(): void {
  ;(globalThis as Script).openGate?.()
}

/** Whether a session of this origin holds its lock, in any tab. */
export async function isLockHeld(): Promise<boolean> {
  const { held = [] } = await navigator.locks.query()
  return held.some(({ name }) => name === 'reauth:reauth')
}
