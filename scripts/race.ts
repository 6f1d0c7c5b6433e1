// Tries 20,000 interleavings of everything that races, or as many as REAUTH_RACE_RUNS says.
import { run } from './run.ts'

const env = { REAUTH_RACE_RUNS: process.env['REAUTH_RACE_RUNS'] ?? '20000' }
try {
  await run('vitest', ['run', '--project', 'node', '.race.test.ts'], { env, show: true, timeoutMs: 7_200_000 })
} catch {
  process.exitCode = 1
}
