/** How many interleavings a race test tries: `REAUTH_RACE_RUNS`, or 500. */
export const raceRuns: number = Number(process.env['REAUTH_RACE_RUNS'] ?? 500)

const { REAUTH_RACE_SEED: seed, REAUTH_RACE_PATH: path } = process.env

/** Names one interleaving that failed: `REAUTH_RACE_SEED` and `REAUTH_RACE_PATH`, as a failure prints them. */
export const replay: { readonly seed?: number; readonly path?: string } = {
  ...(seed !== undefined && { seed: Number(seed) }),
  ...(path !== undefined && { path }),
}
