import { type JSX, useEffect, useState } from 'react'

import { admin } from '../admin.ts'
import { session, useSessionState } from '../auth/session.ts'
import { Card } from './card.tsx'

const choices = [3, 10, 20, 60, 300, 3600] as const

/** How long tokens live from now on. */
export function LifetimeCard(): JSX.Element {
  const [seconds, setSeconds] = useState<number>()
  const isActive = useSessionState().status === 'active'
  useEffect(() => {
    let isGone = false
    void admin.settings().then(({ accessTokenSeconds }) => isGone || setSeconds(accessTokenSeconds))
    return () => {
      isGone = true
    }
  }, [])

  async function choose(wanted: number): Promise<void> {
    const { accessTokenSeconds } = await admin.set({ accessTokenSeconds: wanted })
    setSeconds(accessTokenSeconds)
    if (isActive) await session.refresh().catch(() => {})
  }

  return (
    <Card title="Lifetime of access tokens" area="lifetime">
      <div className="glance-actions" role="group" aria-label="Lifetime in seconds">
        {choices.map((choice) => (
          <button
            key={choice}
            type="button"
            className="button"
            aria-pressed={seconds === choice}
            onClick={() => void choose(choice)}
          >
            {choice} s
          </button>
        ))}
      </div>
      <p className="hint">At all issuers. The token that is held is renewed with it.</p>
    </Card>
  )
}
