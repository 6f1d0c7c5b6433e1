// Plants one bug after the other, for each invariant at least one, and fails unless the tests see every one of them.
// `pnpm test:mutants I1` plants those of one invariant.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { root, run } from './run.ts'

interface Mutant {
  readonly invariant: string
  readonly bug: string
  readonly file: string
  readonly from: string
  readonly to: string
  /** Which tests are to see it. @default the interleavings of tabs */
  readonly tests?: string
}

const core = 'packages/core/src'
const mutants: readonly Mutant[] = [
  {
    invariant: 'I1',
    bug: 'callers do not share a flight',
    file: `${core}/refresher.ts`,
    from: 'if (joined !== undefined) {',
    to: 'if (joined !== joined) {',
  },
  {
    invariant: 'I1',
    bug: 'nobody looks into the store under the lock',
    file: `${core}/keeper.ts`,
    from: 'await keep(look)\n        await inherit(turn)',
    to: 'await inherit(turn)',
  },
  {
    invariant: 'I1',
    bug: 'the lock is taken from whoever holds it',
    file: `${core}/keeper.ts`,
    from: 'async () => isOver((await store.read()).record?.fate?.claim)',
    to: 'async () => true',
    tests: 'packages/core/test/scenarios.tabs.test.ts',
  },
  {
    invariant: 'I1',
    bug: 'a claim that was left behind says nothing',
    file: `${core}/keeper.ts`,
    from: 'if (claim === undefined || !isSignedIn(held) || turn.isLost) return',
    to: 'if (claim !== null) return',
    tests: 'packages/core/test/scenarios',
  },
  {
    invariant: 'I1',
    bug: 'the claim of a thief is written over',
    file: `${core}/keeper.ts`,
    from: 'if (!turn.isLost && foreignClaim() === undefined) {',
    to: 'if (at > 0) {',
    tests: 'packages/core/test/keeper.test.ts',
  },
  {
    invariant: 'I1',
    bug: 'a page that slept believes in the lock that it was given',
    file: `${core}/exclusion.ts`,
    from: ' || now - turn.since > stepMs',
    to: '',
    tests: 'packages/core/test/exclusion.test.ts',
  },
  {
    invariant: 'I1',
    bug: 'a sign-in that was stored unheard is put above the refresh of it',
    file: `${core}/keeper.ts`,
    from: 'const isPlaced = hasWritten ||',
    to: 'const isPlaced = hasWritten && force < look &&',
    tests: 'packages/core/test/keeper.test.ts',
  },
  {
    invariant: 'I1',
    bug: 'a page that freezes lets the others go on while its request is out',
    file: `${core}/exclusion.ts`,
    from: 'if (turn.isSent) return',
    to: '',
    tests: 'packages/core/test/scenarios.tabs.test.ts',
  },
  {
    invariant: 'I1',
    bug: 'who has lost the lock presents the refresh token all the same',
    file: `${core}/keeper.ts`,
    from: 'if (isOurs() && !turn.isLost &&',
    to: 'if (',
    tests: 'packages/core/test/keeper.test.ts',
  },
  {
    invariant: 'I1',
    bug: 'a refresh token that was answered is presented again',
    file: `${core}/refresher.ts`,
    from: 'spends === false || fates.of(held).dead !== true',
    to: 'spends === false || held.epoch > 0',
  },
  {
    invariant: 'I2',
    bug: 'the refusal of any version is one of the version that is held',
    file: `${core}/open-session.ts`,
    from: 'if (refused?.version === held.version) return',
    to: 'if (refused !== undefined) return',
    tests: 'packages/core/test/session.race.test.ts',
  },
  {
    invariant: 'I3',
    bug: 'a second refusal is answered with another credential',
    file: `${core}/open-session.ts`,
    from: 'if (!isFinal && !isStruck) return',
    to: 'return',
    tests: 'packages/core/test/session.race.test.ts',
  },
  {
    invariant: 'I4',
    bug: 'somebody else who signs in goes on with the epoch',
    file: `${core}/session-state.ts`,
    from: 'isSignedIn(holding) && isIdentity(holding.credential.identity, event.identity)',
    to: 'isSignedIn(holding)',
  },
  {
    invariant: 'I4',
    bug: 'a refusal from another epoch is replayed',
    file: `${core}/open-session.ts`,
    from: 'if (of !== undefined && of.epoch !== holding.epoch)',
    to: 'if (of === null)',
  },
  {
    invariant: 'I4',
    bug: "an answer is stored that is somebody else's",
    file: `${core}/refresher.ts`,
    from: 'if (known !== undefined && identity !== known) {',
    to: 'if (known !== known) {',
  },
  {
    invariant: 'I4',
    bug: 'an answer is stored after a sign-out',
    file: `${core}/session-state.ts`,
    from: "return isOf(holding, event.from) ? active(event, holding.epoch, holding.version + 1) : holding\n    case 'noted'",
    to: "return active(event, Math.max(holding.epoch, event.from.epoch), holding.version + 1)\n    case 'noted'",
  },
  {
    invariant: 'I5',
    bug: 'any failure ends a session whose access token has lapsed',
    file: `${core}/refresher.ts`,
    from: 'error instanceof AuthenticationError && !works(host.holding)) host.dispatch({',
    to: '!works(host.holding)) host.dispatch({',
  },
  {
    invariant: 'I5',
    bug: 'what is expired is not kept in the store',
    file: `${core}/keeper.ts`,
    from: 'if (isSignedIn(held)) return store.replace',
    to: "if (held.status === 'active') return store.replace",
  },
  {
    invariant: 'I6',
    bug: 'a failed early refresh keeps a token back that works',
    file: `${core}/open-session.ts`,
    from: 'if (isFresh(holding, now, marginMs) || isWorking(holding, now)) return holding.credential',
    to: '',
  },
  {
    invariant: 'I7',
    bug: 'who joins a flight whose tokens were replaced waits for ever',
    file: `${core}/refresher.ts`,
    from: 'if (joined !== undefined && isSignedIn(held) && !isStill(mine))',
    to: 'if (joined === null && isSignedIn(held))',
  },
  {
    invariant: 'I7',
    bug: 'a disposed session leaves its timer',
    file: `${core}/open-session.ts`,
    from: 'schedule.stop()',
    to: '',
    tests: 'packages/core/test/session.hold.test.ts',
  },
  {
    invariant: 'I7',
    bug: 'a disposed session goes on listening',
    file: `${core}/open-session.ts`,
    from: 'for (const stop of stops) stop()',
    to: '',
  },
  {
    invariant: 'I8',
    bug: 'other tabs are told the tokens',
    file: `${core}/keeper.ts`,
    from: 'tabs.tell(stampOf(held))',
    to: 'tabs.tell(held)',
  },
  {
    invariant: 'I8',
    bug: 'the state shows the access token',
    file: `${core}/session-state.ts`,
    from: "freeze({ status: 'active', ...shared } as const)",
    to: "freeze({ status: 'active', ...shared, accessToken } as const)",
  },
  {
    invariant: 'I9',
    bug: 'an answer without a refresh token loses the one that was presented',
    file: `${core}/refresher.ts`,
    from: '{ ...kept, ...Object.fromEntries(given) }',
    to: '{ ...kept, refreshToken: undefined, ...Object.fromEntries(given) }',
  },
  {
    invariant: 'I10',
    bug: 'a 403 is a refusal',
    file: `${core}/challenges.ts`,
    from: "if (response.status === 403) return 'denied'",
    to: "if (response.status === 403) return 'refused'",
    tests: 'packages/core/test/classify-response.test.ts',
  },
]

const wanted = process.argv.slice(2)
const planted = mutants.filter(({ invariant }) => wanted.length === 0 || wanted.includes(invariant))
const survivors: string[] = []

for (const { invariant, bug, file, from, to, tests = 'packages/core/test/session.tabs.race.test.ts' } of planted) {
  if (!readFileSync(join(root, file), 'utf8').includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)}`)
  const start = performance.now()
  const env = {
    REAUTH_MUTANT: JSON.stringify({ file: join(root, file), from, to }),
    REAUTH_RACE_RUNS: process.env['REAUTH_RACE_RUNS'] ?? '4000',
  }
  // One at a time: they share the processor, and an interleaving that hangs takes its time.
  // oxlint-disable-next-line no-await-in-loop
  const isKilled = await run('vitest', ['run', '--project', 'node', '--bail', '1', tests], { env }).then(
    () => false,
    (error: Error) => / FAIL /.test(error.message),
  )
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${isKilled ? 'killed  ' : 'SURVIVED'} ${invariant.padEnd(3)} ${bug} (${seconds} s)`)
  if (!isKilled) survivors.push(bug)
}

console.log(`${planted.length - survivors.length} of ${planted.length} planted bugs killed`)
process.exitCode = survivors.length === 0 ? 0 : 1
