import { type JSX, useEffect, useId, useState } from 'react'

import { useSessionState } from '../auth/session.ts'
import { clockSettings, runClock, setClock } from '../screens/session-clock.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'
import { useNow } from './use-now.ts'

/** How long this session has been watched: shown for a while, now and then. */
export function SessionClock(): JSX.Element | null {
  const settings = useStore(clockSettings)
  const state = useSessionState()
  const [isShown, setShown] = useState(false)
  const epoch = state.status === 'active' ? state.epoch : undefined
  const [begun, setBegun] = useState(() => Date.now())
  useEffect(() => {
    if (epoch === undefined) return
    setBegun(Date.now())
    return runClock(settings, setShown)
  }, [epoch, settings])
  if (!isShown || epoch === undefined) return null
  return <Face begun={begun} />
}

function Face({ begun }: { begun: number }): JSX.Element {
  const seconds = Math.max(0, Math.floor((useNow(500) - begun) / 1000))
  return (
    <p className="session-clock" role="timer" aria-label="Time in this session">
      {[seconds / 3600, (seconds / 60) % 60, seconds % 60]
        .map((part) => String(Math.floor(part)).padStart(2, '0'))
        .join(':')}
    </p>
  )
}

/** When the clock shows. */
export function ClockCard(): JSX.Element {
  const { everyMinutes, forSeconds } = useStore(clockSettings)
  return (
    <Card title="Session clock" area="clock">
      <p>Shows how long the session lasts: at its start, and again every so often.</p>
      <NumberField
        label="Every … minutes"
        hint="0 keeps it in view. 60 at first."
        value={everyMinutes}
        onChange={(value) => setClock({ everyMinutes: value })}
      />
      <NumberField
        label="For … seconds"
        hint="How long it stays each time. 30 at first."
        value={forSeconds}
        onChange={(value) => setClock({ forSeconds: value })}
      />
    </Card>
  )
}

interface NumberFieldProps {
  label: string
  hint: string
  value: number
  onChange: (value: number) => void
}

function NumberField({ label, hint, value, onChange }: NumberFieldProps): JSX.Element {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="number"
        min={0}
        step="any"
        defaultValue={value}
        aria-describedby={`${id}-hint`}
        onChange={(event) => {
          if (event.target.value !== '') onChange(event.target.valueAsNumber)
        }}
      />
      <p id={`${id}-hint`} className="hint">
        {hint}
      </p>
    </div>
  )
}
