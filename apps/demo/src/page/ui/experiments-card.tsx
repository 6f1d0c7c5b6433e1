import { type JSX, useState } from 'react'

import { type Experiment, experiments, type Finding } from '../activity/experiments.ts'
import { useSessionState } from '../auth/session.ts'
import { Card } from './card.tsx'

type Shown = Finding & { readonly title: string }

/** The buttons that make trouble, and what came of it. */
export function ExperimentsCard(): JSX.Element {
  const isActive = useSessionState().status === 'active'
  const [shown, setShown] = useState<Shown>()

  async function run(experiment: Experiment): Promise<void> {
    const { title } = experiment
    if (!isActive) return setShown({ title, tone: 'note', text: 'Sign in first.' })
    try {
      setShown({ title, ...(await experiment.run()) })
    } catch (error) {
      setShown({ title, tone: 'bad', text: error instanceof Error ? error.message : String(error) })
    }
  }

  return (
    <Card title="Make trouble" area="experiments">
      <ul className="experiments">
        {experiments.map((experiment) => (
          <li key={experiment.title}>
            <button type="button" className="experiment" aria-disabled={!isActive} onClick={() => void run(experiment)}>
              <b>{experiment.title}</b>
              <span>{experiment.hint}</span>
            </button>
          </li>
        ))}
      </ul>
      <p className="finding" role="status" data-tone={shown?.tone}>
        {shown === undefined ? (
          'What happens is shown here.'
        ) : (
          <>
            <b>{shown.title}.</b> {shown.text}
          </>
        )}
      </p>
    </Card>
  )
}
