import { acquireCalls } from './cases/acquire.ts'
import { getCalls, postCalls } from './cases/calls.ts'
import { eventStreamGoals, eventStreamReaders, eventStreams } from './cases/event-streams.ts'
import { kyCalls } from './cases/ky.ts'
import { stormCalls } from './cases/storm.ts'
import { type Goal, verdictOn } from './goal.ts'
import { idleSessions } from './idle-sessions.ts'
import { type Contender, measure } from './measure.ts'
import { createFreeStub, createStub, type Stub } from './stub.ts'
import { tableOf } from './table.ts'

interface Case {
  readonly title: string
  readonly goal: Goal
  readonly make: (stub: Stub) => Contender[]
}

const cases: readonly Case[] = [
  {
    title: 'GET',
    goal: { of: 'reauth', comparedWith: 'hand-written', most: 1, aim: 0.75 },
    make: getCalls,
  },
  {
    title: 'POST, three headers, a string as body',
    goal: { of: 'reauth', comparedWith: 'hand-written', most: 0.4, aim: 0.3 },
    make: postCalls,
  },
  {
    title: '10,000 calls at once, each answered 401',
    goal: { of: 'reauth', comparedWith: 'ideal loop', most: 1.2, aim: 1 },
    make: stormCalls,
  },
  {
    title: 'ky, GET',
    goal: { of: 'ky with kyAuth', comparedWith: 'ky with hooks by hand', most: 1.1, aim: 1 },
    make: (stub) => kyCalls(stub),
  },
  {
    title: 'ky, POST with JSON',
    goal: { of: 'ky with kyAuth', comparedWith: 'ky with hooks by hand', most: 1.1, aim: 1 },
    make: (stub) => kyCalls(stub, { name: 'bench', values: [1, 2, 3] }),
  },
]

const stubs = { 'a stub that makes each answer': createStub(), 'a stub that costs nothing': createFreeStub() }

const wanted = process.argv[2]
for (const [where, stub] of Object.entries(stubs)) {
  // @badgateway/oauth2-client knows no other.
  globalThis.fetch = stub.fetch
  for (const { title, goal, make } of cases) await show(`${title}, on ${where}`, goal, () => make(stub))
}
const ofAcquire = { of: 'acquire', comparedWith: 'async function', most: 2.5, aim: 1.5 }
await show('acquire, of a fresh session', ofAcquire, acquireCalls)
for (const [title, eventOf] of Object.entries(eventStreams)) {
  await show(title, eventStreamGoals, () => eventStreamReaders(eventOf))
}
if (wanted === undefined || 'idle sessions'.startsWith(wanted)) console.log(`\n${await idleSessions()}`)

async function show(
  title: string,
  goal: Goal | readonly [Goal, ...Goal[]],
  make: () => Contender[] | Promise<Contender[]>,
): Promise<void> {
  if (wanted !== undefined && !title.startsWith(wanted)) return
  const results = await measure(await make(), { rounds: 15, warmUps: 3 })
  const goals = 'of' in goal ? ([goal] as const) : goal
  const verdicts = goals.map((one) => verdictOn(one, results)).join('\n')
  console.log(`\n### ${title}\n\n${tableOf(results, goals[0].comparedWith)}\n\n${verdicts}`)
}
