import type { Measured } from './measure.ts'

/** Returns results as a markdown table, compared with one of them. */
export function tableOf(results: readonly Measured[], comparedWith: string): string {
  return [
    `| | CPU µs per call | × ${comparedWith} |`,
    '|---|---:|---:|',
    ...results.map(
      ({ name, flaw, microseconds, ratioTo }) =>
        `| ${name}${flaw === undefined ? '' : ` (${flaw})`} | ${microseconds.toFixed(2)} | ${ratioTo(comparedWith).toFixed(2)} |`,
    ),
  ].join('\n')
}
