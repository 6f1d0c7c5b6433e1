/** One way to do the same work. */
export interface Contender {
  readonly name: string
  /** How many calls a round of it is: enough for its time to be told from the clock's grain. */
  readonly calls: number
  /** Does the work of one round, always the same amount. Returns what went otherwise than it should. */
  readonly run: () => Promise<string | undefined>
}

/** How much CPU time a contender took. */
export interface Measured {
  readonly name: string
  /** What went otherwise than it should in the last round. */
  readonly flaw: string | undefined
  /** The median of its rounds, in µs of CPU time per call. */
  readonly microseconds: number
  /** The median over the rounds of what it took, divided by what the one that it is compared with took. */
  readonly ratioTo: (other: string) => number
}

export interface MeasureOptions {
  /** How many rounds count. */
  readonly rounds: number
  /** How many come before those, to warm up. */
  readonly warmUps: number
}

/**
 * Measures contenders in turns, so that whatever slows the machine down slows all of them, and compares them within each
 * round. It is the CPU time of the whole process, collector and compiler included: waiting costs nothing, garbage does.
 */
export async function measure(
  contenders: readonly Contender[],
  { rounds, warmUps }: MeasureOptions,
): Promise<Measured[]> {
  const taken = new Map(contenders.map(({ name }) => [name, [] as number[]]))
  const flaws = new Map<string, string | undefined>()
  for (let round = -warmUps; round < rounds; round++) {
    for (const { name, calls, run } of rotated(contenders, round + warmUps)) {
      const [microseconds, flaw] = await cpuTimeOf(run)
      flaws.set(name, flaw)
      if (round >= 0) taken.get(name)?.push(microseconds / calls)
    }
  }
  return [...taken].map(([name, times]) => ({
    name,
    flaw: flaws.get(name),
    microseconds: median(times),
    ratioTo: (other) => median(times.map((time, round) => time / (taken.get(other)?.[round] ?? Number.NaN))),
  }))
}

/** Each round another one goes first. */
function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const start = by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}

async function cpuTimeOf<Result>(run: () => Promise<Result>): Promise<[microseconds: number, result: Result]> {
  // Nobody pays for the garbage of the one before.
  globalThis.gc?.()
  const before = process.cpuUsage()
  const result = await run()
  const { user, system } = process.cpuUsage(before)
  return [user + system, result]
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
