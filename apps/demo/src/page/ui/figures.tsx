import type { JSX } from 'react'

export interface Figure {
  readonly name: string
  readonly value: number | undefined
  /** How a number above zero is meant. */
  readonly tone?: 'note' | 'bad'
}

/** Numbers with their names. */
export function Figures({ figures }: { figures: readonly Figure[] }): JSX.Element {
  return (
    <dl className="figures">
      {figures.map(({ name, value, tone }) => (
        <div key={name} data-tone={value ? tone : undefined}>
          <dt>{name}</dt>
          <dd>{value ?? '–'}</dd>
        </div>
      ))}
    </dl>
  )
}
