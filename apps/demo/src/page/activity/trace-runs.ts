import type { TraceEntry } from '@reauth/core'

import type { Line } from './trace-log.ts'

/** Lines in a row that say the same, as one. */
export interface Run {
  readonly newest: Line
  readonly count: number
}

/** Puts lines together that differ in nothing but their time: ten replays are one line with a "× 10". */
export function runsOf(lines: readonly Line[]): readonly Run[] {
  const runs: Run[] = []
  for (const line of lines) {
    const last = runs.at(-1)
    if (last !== undefined && saying(last.newest.entry) === saying(line.entry)) {
      runs[runs.length - 1] = { ...last, count: last.count + 1 }
    } else runs.push({ newest: line, count: 1 })
  }
  return runs
}

const saying = ({ at: _at, id: _id, ms: _ms, ...rest }: TraceEntry): string => JSON.stringify(rest)
