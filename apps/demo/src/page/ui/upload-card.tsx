import type { JSX } from 'react'

import { useSessionState } from '../auth/session.ts'
import { identityOf, retry, upload, uploads } from '../screens/uploads.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'

/** Uploads, and what the end of a session makes of them. */
export function UploadCard(): JSX.Element {
  const identity = identityOf(useSessionState())
  const mine = useStore(uploads).filter((one) => one.identity === identity)
  return (
    <Card title="Uploads" area="uploads">
      <p>What is under way when the session ends is marked as failed, not lost.</p>
      <ul className="upload-list">
        {mine.map((one) => (
          <li key={one.number} data-upload={one.state}>
            <b>File {one.number}</b>
            <progress aria-label={`File ${one.number}`} max={one.parts} value={one.sent} />
            <span>
              {one.state}
              {one.reason !== '' && `: ${one.reason}`}
            </span>
            {one.state === 'failed' && (
              <button type="button" className="button quiet" onClick={() => void retry(one)}>
                Go on with file {one.number}
              </button>
            )}
          </li>
        ))}
      </ul>
      <button type="button" className="button" onClick={() => void upload(40)}>
        Upload a file
      </button>
    </Card>
  )
}
