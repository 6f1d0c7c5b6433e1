import { createStore, type Store } from '../store.ts'

/** Whether the page plays dead: nothing that it asks for goes out. */
export const isOffline: Store<boolean> = createStore(false)

/** Cuts the page off, or brings it back, as the browser would tell it. */
export function setOffline(isOff: boolean): void {
  isOffline.set(isOff)
  dispatchEvent(new Event(isOff ? 'offline' : 'online'))
}
