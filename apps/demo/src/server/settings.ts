import { defaultSettings, type Settings } from '../contract.ts'
import { BadRequest, type Given } from './read-json.ts'

/** The settings as they are now. */
export interface LiveSettings {
  readonly current: Settings
  /** Takes what came from the page. Throws a `BadRequest` for what is no setting, and changes nothing then. */
  change(given: Given): Settings
  /** Takes one of the answers that are to be lost; false where none is. */
  loseAnswer(): boolean
}

const limits: { readonly [Name in keyof Settings]: readonly [number, number] | 'boolean' | 'text' } = {
  accessTokenSeconds: [1, 86_400],
  tokenCap: [1, 1000],
  issuerDelayMs: [0, 60_000],
  lostAnswers: [0, 1000],
  graceSeconds: [0, 3600],
  captivePortal: 'boolean',
  deny: 'boolean',
  corruptTrack: 'text',
}

/** Creates the settings that the demo starts with. */
export function createSettings(initial: Partial<Settings>): LiveSettings {
  let current: Settings = { ...defaultSettings, ...initial }
  return {
    get current() {
      return current
    },
    change(given) {
      for (const [name, value] of Object.entries(given)) check(name, value)
      current = { ...current, ...given }
      return current
    },
    loseAnswer() {
      const { lostAnswers } = current
      if (lostAnswers === 0) return false
      current = { ...current, lostAnswers: lostAnswers - 1 }
      return true
    },
  }
}

function check(name: string, value: unknown): void {
  if (!Object.hasOwn(limits, name)) throw new BadRequest(`There is no setting ${name}`)
  const limit = limits[name as keyof Settings]
  if (limit === 'boolean') {
    if (typeof value !== 'boolean') throw new BadRequest(`${name} has to be true or false`)
  } else if (limit === 'text') {
    if (value !== null && typeof value !== 'string') throw new BadRequest(`${name} has to be a text, or null`)
  } else if (!(Number.isInteger(value) && (value as number) >= limit[0] && (value as number) <= limit[1])) {
    throw new BadRequest(`${name} has to be a whole number from ${limit[0]} to ${limit[1]}`)
  }
}
