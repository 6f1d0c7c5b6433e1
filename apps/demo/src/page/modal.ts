import { createStore, type Store } from './store.ts'

/** Which modal is open, by its name. */
export const openModal: Store<string | undefined> = createStore<string | undefined>(nameIn(history.state))

/** Opens a modal, with an entry of its own in the history: that is what the back button takes away. */
export function open(name: string): void {
  if (openModal.get() !== undefined) return
  history.pushState({ modal: name }, '')
  openModal.set(name)
}

/** Closes the modal, and takes its entry back. */
export function close(): void {
  if (nameIn(history.state) !== undefined) history.back()
  else openModal.set(undefined)
}

addEventListener('popstate', ({ state }: PopStateEvent) => openModal.set(nameIn(state)))

function nameIn(state: unknown): string | undefined {
  const name = (state as { modal?: unknown } | null)?.modal
  return typeof name === 'string' ? name : undefined
}
