import { aborts } from './aborts.ts'
import { credentials } from './credentials.ts'
import { endings } from './endings.ts'
import { failures } from './failures.ts'
import { refusals } from './refusals.ts'
import { type ContractOptions, perform } from './stage.ts'
import type { MakeTransport } from './transport.ts'

/** One promise, ready for any test runner: `it(title, run)`. */
export interface ContractTest {
  readonly title: string
  /** Rejects with an error that names what was not kept. */
  readonly run: () => Promise<void>
}

/**
 * Returns the promises that every transport keeps, each as a test with a session, an issuer and a transport of its own.
 * One that does not apply is left out in the open, with `filter` by its title.
 */
export function adapterContract(make: MakeTransport, options: ContractOptions = {}): readonly ContractTest[] {
  return [...credentials, ...refusals, ...failures, ...endings, ...aborts].map(({ title, play }) => ({
    title,
    run: () => perform(make, options, play),
  }))
}
