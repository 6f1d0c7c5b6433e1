import { type JSX, type ReactNode, useEffect, useId, useRef } from 'react'

import { close, openModal } from '../modal.ts'
import { useStore } from '../store.ts'

/** A modal that the back button closes. */
export function Modal({ name, title, children }: { name: string; title: string; children: ReactNode }): JSX.Element {
  const isOpen = useStore(openModal) === name
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    if (!isOpen) return
    const shown = dialog.current
    shown?.showModal()
    return () => shown?.close()
  }, [isOpen])
  return (
    <dialog
      ref={dialog}
      className="modal"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        close()
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
      <button type="button" className="button primary" onClick={close}>
        Close
      </button>
    </dialog>
  )
}
