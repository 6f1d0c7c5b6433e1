import type { Measured } from './measure.ts'

/** What a contender is to take at most, as a multiple of another. */
export interface Goal {
  readonly of: string
  readonly comparedWith: string
  readonly most: number
  /** Better than that is not asked for, but hoped for. */
  readonly aim: number
}

/** Returns a goal, and whether it is met, in a sentence. */
export function verdictOn({ of, comparedWith, most, aim }: Goal, results: readonly Measured[]): string {
  const ratio = results.find(({ name }) => name === of)?.ratioTo(comparedWith) ?? Number.NaN
  const isMet = ratio <= most
  const wish = ratio <= aim ? `, aim ${aim} reached` : `, aim ${aim} not reached`
  return `${isMet ? 'met' : 'NOT MET'}: ${of} takes ${ratio.toFixed(2)} × ${comparedWith}, goal ≤ ${most}${wish}`
}
