// The daily loop: every check that needs no browser. `pnpm check lint docs` runs just those two.
import { join } from 'node:path'

import { run } from './run.ts'

type Step = readonly [name: string, check: () => Promise<unknown>]

const script = (name: string) => (): Promise<string> => run(process.execPath, [join(import.meta.dirname, name)])
const built = async (check: () => Promise<unknown>): Promise<void> => {
  await run('turbo', ['run', 'build'])
  await check()
}

// two lanes of about the same length, for two cores
const lanes: readonly (readonly Step[])[] = [
  [
    ['format', () => run('oxfmt', ['--check'])],
    ['lint', () => run('oxlint', ['--type-aware', '--deny-warnings'])],
    ['types', () => run('pnpm', ['run', 'typecheck'])],
    ['unit', () => run('vitest', ['run', '--project', 'node', '--reporter', 'dot'])],
  ],
  [
    ['layers', script('check-layers.ts')],
    ['lockfile', script('check-lockfile.ts')],
    ['docs', script('check-docs.ts')],
    ['knip', () => run('knip', [])],
    ['tarballs', () => built(script('check-tarballs.ts'))],
    ['sizes', () => built(() => run('size-limit', []))],
  ],
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !lanes.flat().some(([known]) => known === name))
if (unknown.length > 0) {
  const known = lanes.flat().map(([name]) => name)
  console.error(`check: no step is called ${unknown.join(', ')}; there are ${known.join(', ')}`)
  process.exit(1)
}
await Promise.all(lanes.map(runLane))

async function runLane(steps: readonly Step[]): Promise<void> {
  for (const [name, check] of steps) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const start = performance.now()
    const error = await check().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`${error === undefined ? 'ok  ' : 'FAIL'} ${name.padEnd(9)} ${seconds.padStart(5)} s`)
    if (error === undefined) continue
    console.log(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
