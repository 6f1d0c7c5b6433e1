import { env } from 'node:process'

import { traceTo } from '@reauth/core'

import { startDemo } from './start-demo.ts'

export { startDemo }

if (import.meta.main) {
  const accessTokenSeconds = numberFrom('ACCESS_TOKEN_SECONDS', 20)
  const log = traceTo(console)
  const demo = await startDemo({
    port: numberFrom('PORT', 4173),
    accessTokenSeconds,
    watch: true,
    trace: (entry) => entry.level !== 'debug' && log(entry),
  })
  console.log(`reauth demo  ${demo.url}`)
  console.log(`issuer       ${demo.issuer}  (access tokens live ${accessTokenSeconds} s)`)
  for (const [name, origin] of Object.entries(demo.services)) console.log(`${name.padEnd(13)}${origin}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void demo.close())
}

/** A whole number from the environment, or a clear error. */
function numberFrom(name: string, fallback: number): number {
  const given = env[name]
  if (given === undefined || given === '') return fallback
  if (!/^\d+$/.test(given)) throw new TypeError(`${name} must be a whole number, not "${given}"`)
  return Number(given)
}
