/** How many interleavings a race test tries: `REAUTH_RACE_RUNS`, or 500. */
export const raceRuns: number = Number(process.env['REAUTH_RACE_RUNS'] ?? 500)
