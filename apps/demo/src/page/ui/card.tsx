import { type JSX, type ReactNode, useId } from 'react'

interface CardProps {
  title: string
  /** Names the card's place in the layout. */
  area: string
  /** What stands beside the title. */
  aside?: ReactNode
  children: ReactNode
}

/** A titled region of the page. */
export function Card({ title, area, aside, children }: CardProps): JSX.Element {
  const id = useId()
  return (
    <section className={`card ${area}`} aria-labelledby={id}>
      <div className="card-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  )
}
