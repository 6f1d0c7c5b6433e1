import { createStore, type Store } from '../store.ts'

/** How often the session clock shows up, and for how long. */
export interface ClockSettings {
  /** Minutes from one show to the next; 0 means always. */
  readonly everyMinutes: number
  readonly forSeconds: number
}

const defaults: ClockSettings = { everyMinutes: 60, forSeconds: 30 }
const name = 'demo.session-clock'

/** The settings, kept over reloads. */
export const clockSettings: Store<ClockSettings> = createStore(read())

/** Changes the settings. Numbers below zero and what is no number are left as they were. */
export function setClock(change: Partial<ClockSettings>): void {
  const next = { ...clockSettings.get(), ...change }
  if (!Object.values(next).every((value) => Number.isFinite(value) && value >= 0)) return
  clockSettings.set(next)
  localStorage.setItem(name, JSON.stringify(next))
}

/** Shows the clock at once, and again and again. Returns what ends it. */
export function runClock({ everyMinutes, forSeconds }: ClockSettings, show: (isShown: boolean) => void): () => void {
  show(true)
  if (everyMinutes === 0) return () => show(false)
  let hiding = setTimeout(show, forSeconds * 1000, false)
  const showing = setInterval(() => {
    show(true)
    clearTimeout(hiding)
    hiding = setTimeout(show, forSeconds * 1000, false)
  }, everyMinutes * 60_000)
  return () => {
    clearInterval(showing)
    clearTimeout(hiding)
    show(false)
  }
}

function read(): ClockSettings {
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem(name) ?? '{}') as Partial<ClockSettings>) }
  } catch {
    return defaults
  }
}
