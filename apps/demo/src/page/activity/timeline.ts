import { createFrameStore, type Follow } from '../store.ts'
import { type Lane, type LogEvent, onEvent } from './event-log.ts'

/** What the timeline tells apart, the most telling last: where two fall on one spot, the later one is drawn. */
export const marks = [
  'traffic',
  'other',
  'sign-in or sign-out',
  'other tab',
  'lock wait',
  'replay',
  'reconnect',
  'refresh',
  'denied',
  'refused',
  'failed',
] as const
export type Mark = (typeof marks)[number]

/** The rows, top to bottom. */
export const lanes: readonly Lane[] = ['session', 'fetch', 'socket', 'stream', 'player', 'tabs']

/** How often what happened in one lane. */
export type Counts = Readonly<Partial<Record<Mark, number>>>
/** A stretch of time, and what fell into it. */
export interface Column {
  readonly from: number
  readonly to: number
  readonly lanes: Readonly<Partial<Record<Lane, Counts>>>
}

/** Width of the stretches that are kept, in ms. However many events fall into one, it takes the same room. */
const stretchMs = 100
const keptMs = 300_000

/** Keeps counts, not events: a thousand a second cost no more to show than ten. */
export interface Timeline {
  count(lane: Lane, mark: Mark, at: number, times?: number): void
  /** The stretches between two times, put together into columns of `columnMs`. Empty ones are left out. */
  columns(from: number, to: number, columnMs: number): readonly Column[]
}

type Stretch = Partial<Record<Lane, Partial<Record<Mark, number>>>>

/** Creates an empty timeline. */
export function createTimeline(): Timeline {
  const stretches = new Map<number, Stretch>()
  return {
    count(lane, mark, at, times = 1) {
      const key = Math.floor(at / stretchMs)
      const stretch = stretches.get(key) ?? {}
      if (!stretches.has(key)) {
        stretches.set(key, stretch)
        for (const old of stretches.keys()) {
          if (old >= key - keptMs / stretchMs) break
          stretches.delete(old)
        }
      }
      const counts = (stretch[lane] ??= {})
      counts[mark] = (counts[mark] ?? 0) + times
    },
    columns(from, to, columnMs) {
      const columns = new Map<number, Stretch>()
      for (const [key, stretch] of stretches) {
        const at = key * stretchMs
        if (at < from - stretchMs || at > to) continue
        const start = Math.floor(at / columnMs) * columnMs
        columns.set(start, sum(columns.get(start) ?? {}, stretch))
      }
      return [...columns].map(([start, counts]) => ({ from: start, to: start + columnMs, lanes: counts }))
    },
  }
}

function sum(left: Stretch, right: Stretch): Stretch {
  const total: Stretch = {}
  for (const lane of lanes) {
    const counts = { ...left[lane] }
    for (const [mark, count] of Object.entries(right[lane] ?? {}) as [Mark, number][]) {
      counts[mark] = (counts[mark] ?? 0) + count
    }
    if (Object.keys(counts).length > 0) total[lane] = counts
  }
  return total
}

/** What an event is on the timeline; undefined for the half of a request that says nothing yet. */
function markOf(event: LogEvent): Mark | undefined {
  if (event.kind === 'sent') return undefined
  if (event.kind === 'broken') return event.reason === 'AbortError' ? 'other' : 'failed'
  if (event.kind === 'answered') return ofStatus(event.status)
  switch (event.entry.type) {
    case 'refused':
    case 'replay':
    case 'reconnect':
      return event.entry.type
    case 'refresh-start':
    case 'refreshed':
      return 'refresh'
    case 'refresh-failed':
    case 'persist-failed':
    case 'expired':
      return 'failed'
    case 'signed-in':
    case 'signed-out':
      return 'sign-in or sign-out'
    case 'lock-wait':
      return 'lock wait'
    case 'adopted':
    case 'takeover':
      return 'other tab'
    case 'expiring':
    case 'warning':
      return 'other'
    default:
      return event.entry.type satisfies never
  }
}

const ofStatus = (status: number): Mark =>
  status === 401 ? 'refused' : status === 403 ? 'denied' : status >= 500 || status === 429 ? 'failed' : 'traffic'

const kept = createTimeline()

/** The timeline of this page; its value is when it last changed. Followers hear of it once a frame. */
export const timeline: Follow<number> & Pick<Timeline, 'columns'> = {
  ...createFrameStore(() => Date.now()),
  columns: kept.columns,
}

/** Counts something that is too frequent for the log: a message, an event of a stream. */
export function countTraffic(lane: Lane, count = 1): void {
  kept.count(lane, 'traffic', Date.now(), count)
  timeline.changed()
}

onEvent((event) => {
  const mark = markOf(event)
  if (mark === undefined) return
  kept.count(event.lane, mark, event.at)
  timeline.changed()
})
