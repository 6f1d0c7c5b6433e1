import { type JSX, type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react'

import { type Column, type Counts, lanes, marks, timeline } from '../activity/timeline.ts'
import { clock } from '../clock-time.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'
import { columnWidth, drawSign, drawTimeline } from './draw-timeline.ts'
import { useNow } from './use-now.ts'

/** What can be seen at once, in seconds. */
const spans = [5, 15, 30, 60, 150, 300] as const
const start = 2

/** Everything that happened, by whose doing, over time. */
export function TimelineCard(): JSX.Element {
  const [zoom, setZoom] = useState(start)
  /** While it points at something, time stands still. */
  const [pointer, setPointer] = useState<{ readonly at: number; readonly to: number }>()
  const canvas = useRef<HTMLCanvasElement>(null)
  const changed = useStore(timeline)
  const now = useNow(pointer === undefined ? 500 : undefined)
  const spanMs = (spans[zoom] ?? 30) * 1000
  const to = pointer?.to ?? Math.max(now, changed)
  const cursor = pointer?.at
  const from = to - spanMs
  const width = canvas.current?.clientWidth ?? 600
  const columnMs = Math.max(100, Math.ceil((spanMs / width) * columnWidth))
  const columns = timeline.columns(from, to, columnMs)
  const focus = cursor === undefined ? undefined : columns.find((column) => column.from <= cursor && cursor < column.to)

  useEffect(() => {
    if (canvas.current !== null) drawTimeline(canvas.current, { columns, from, to, at: cursor })
  })

  function setCursor(at: number | undefined): void {
    setPointer(at === undefined ? undefined : { at, to })
  }

  function zoomBy(steps: number): void {
    setZoom(Math.min(spans.length - 1, Math.max(0, zoom + steps)))
  }

  function follow(event: PointerEvent<HTMLCanvasElement>): void {
    const { left, width: seen } = event.currentTarget.getBoundingClientRect()
    setCursor(from + ((event.clientX - left) / seen) * spanMs)
  }

  function steer(event: KeyboardEvent): void {
    const moves: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => setCursor(neighbour(columns, cursor ?? to, -1)),
      ArrowRight: () => setCursor(neighbour(columns, cursor ?? to, 1)),
      Home: () => setCursor(columns[0]?.from),
      End: () => setCursor(columns.at(-1)?.from),
      Escape: () => setCursor(undefined),
      '+': () => zoomBy(-1),
      '-': () => zoomBy(1),
    }
    const move = moves[event.key]
    if (move === undefined) return
    event.preventDefault()
    move()
  }

  return (
    <Card
      title="Timeline"
      area="timeline wide"
      aside={
        <div className="zoom">
          <button type="button" className="button quiet" aria-label="Closer" onClick={() => zoomBy(-1)}>
            +
          </button>
          <span className="aside">the last {spans[zoom]} s</span>
          <button type="button" className="button quiet" aria-label="Farther" onClick={() => zoomBy(1)}>
            −
          </button>
        </div>
      }
    >
      <div className="timeline-plot">
        <ul className="timeline-lanes" aria-hidden="true">
          {lanes.map((lane) => (
            <li key={lane}>{lane === 'tabs' ? 'other tabs' : lane}</li>
          ))}
        </ul>
        <canvas
          ref={canvas}
          tabIndex={0}
          role="slider"
          aria-label="Time on the timeline. Arrow keys go from event to event, plus and minus zoom, Escape lets go."
          aria-valuemin={0}
          aria-valuemax={spanMs / 1000}
          aria-valuenow={Math.round(((cursor ?? to) - from) / 1000)}
          aria-valuetext={tell(focus, cursor)}
          onPointerMove={follow}
          onPointerLeave={() => setCursor(undefined)}
          onKeyDown={steer}
        />
      </div>
      <p className="timeline-told" data-told={focus === undefined ? undefined : 'yes'}>
        {tell(focus, cursor)}
      </p>
      <Legend />
    </Card>
  )
}

/** The signs, drawn by what draws them in the lanes. */
function Legend(): JSX.Element {
  return (
    <ul className="legend" aria-label="Signs on the timeline">
      {marks.map((mark) => (
        <li key={mark}>
          <canvas
            aria-hidden="true"
            width={24}
            height={24}
            ref={(canvas) => {
              const context = canvas?.getContext('2d')
              if (!canvas || !context) return
              const style = getComputedStyle(canvas)
              drawSign(context, mark, 12, 12, (name) => style.getPropertyValue(`--${name}`))
            }}
          />
          {mark}
        </li>
      ))}
    </ul>
  )
}

/** The next column on a side, or the last one there is. */
function neighbour(columns: readonly Column[], at: number, side: 1 | -1): number | undefined {
  const found = side < 0 ? columns.findLast((one) => one.to <= at) : columns.find((one) => one.from > at)
  return (found ?? (side < 0 ? columns[0] : columns.at(-1)))?.from
}

/** What stands under the cursor, in words. */
function tell(column: Column | undefined, cursor: number | undefined): string {
  if (cursor === undefined) return 'Point at the lanes, or focus them and press an arrow key.'
  if (column === undefined) return `${clock.format(cursor)}: nothing`
  const said = Object.entries(column.lanes).map(([lane, counts]) => `${lane}: ${wordsOf(counts)}`)
  return `${clock.format(column.from)}: ${said.join('; ')}`
}

const wordsOf = (counts: Counts): string =>
  Object.entries(counts)
    .map(([mark, count]) => `${mark} × ${count}`)
    .join(', ')
