import type { CSSProperties, JSX } from 'react'

import { type TokenLife, tokenLife } from '../activity/token-life.ts'
import { useStore } from '../store.ts'
import { useNow } from './use-now.ts'

const stillMs = matchMedia('(prefers-reduced-motion: reduce)').matches ? 1000 : 200

/** The access token's life, as a bar that shrinks. The mark is where the next call renews it. */
export function LifeBar(): JSX.Element {
  const life = useStore(tokenLife)
  const clock = useNow(life === undefined ? undefined : stillMs)
  if (life === undefined) return <Bar left={0} mark={0} notches={1} phase="none" label="No access token" />

  const { receivedAt, staleAt, expiresAt } = life
  // a token that came after the last tick is not older than new
  const now = Math.max(clock, receivedAt)
  const lifetimeMs = expiresAt - receivedAt
  const leftMs = Math.max(0, expiresAt - now)
  return (
    <Bar
      key={life.version}
      left={leftMs / lifetimeMs}
      mark={(expiresAt - staleAt) / lifetimeMs}
      notches={Math.min(60, Math.round(lifetimeMs / 1000))}
      phase={phaseOf(life, now)}
      label={`${Math.ceil(leftMs / 1000)} of ${Math.round(lifetimeMs / 1000)} s`}
    />
  )
}

const phases = {
  none: 'Sign in to get one.',
  fresh: 'Fresh down to the mark: calls just go out.',
  stale: 'Stale. The next call renews it first.',
  over: 'Over. The next call renews it first.',
} as const

function phaseOf({ staleAt, expiresAt }: TokenLife, now: number): keyof typeof phases {
  return now < staleAt ? 'fresh' : now < expiresAt ? 'stale' : 'over'
}

interface BarProps {
  /** Part of the lifetime that is left, 0 to 1. */
  left: number
  /** Where the token turns stale, 0 to 1. */
  mark: number
  notches: number
  phase: keyof typeof phases
  label: string
}

function Bar({ left, mark, notches, phase, label }: BarProps): JSX.Element {
  const style = { '--left': left, '--mark': mark, '--notches': notches } as CSSProperties
  return (
    <div className="life" data-phase={phase} style={style}>
      <div
        className="life-track"
        role="meter"
        aria-label="Life of the access token"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(left * 100)}
        aria-valuetext={`${label}. ${phases[phase]}`}
      >
        <div className="life-left" />
      </div>
      <p className="life-text" aria-hidden="true">
        <strong>{label}</strong> {phases[phase]}
      </p>
    </div>
  )
}
