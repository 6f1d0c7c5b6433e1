import type { JSX } from 'react'

import { open } from '../modal.ts'
import { Card } from './card.tsx'
import { Modal } from './modal.tsx'

const name = 'about'

/** A modal, and the back button. */
export function ModalCard(): JSX.Element {
  return (
    <Card title="Modal" area="modal-card">
      <p>The back button closes it, and stays on this page.</p>
      <button type="button" className="button" onClick={() => open(name)}>
        Open the modal
      </button>
      <Modal name={name} title="Going back is closing">
        <p>Press the browser’s back button, Escape, or the button below: each brings you back to where you were.</p>
      </Modal>
    </Card>
  )
}
