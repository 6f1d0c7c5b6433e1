import type { Credential } from '@reauth/core'

import type { Connection, Ending, Sink } from './connection.ts'

/** Make before break: the next connection opens while the one that is read goes on, and ids tell what comes twice. */
export interface Handover {
  /** Opens the next connection, unless one is on its way. */
  start(credential: Credential): void
  /** Returns the next connection when the one that was read is over; undefined where there is none. */
  take(): Promise<Connection | undefined>
  /** Notes an id that came; returns whether it is one that came before. */
  isNew(id: string): boolean
  /** Returns whether an event came before; its id is noted already. */
  isRepeated(id: string | undefined): boolean
  stop(): void
}

interface Next {
  readonly opening: Promise<Connection | undefined>
  /** The id that it begins with. */
  firstId?: string
  /** What it brings before it is taken; undefined from then on. */
  held: (() => void)[] | undefined
  reading?: Promise<Ending | undefined> | undefined
  timer?: ReturnType<typeof setTimeout>
}

/** How many ids are remembered. */
const most = 1024
/** How long the old connection may take to come to where the new one begins, in ms. */
const graceMs = 1000

/**
 * @param live takes what is the stream's
 * @param open opens a connection into a sink, or returns undefined
 * @param cut ends the connection that is read
 */
export function createHandover(
  live: Sink,
  open: (credential: Credential, sink: Sink) => Promise<Connection | undefined>,
  cut: () => void,
): Handover {
  const recent = new Set<string>()
  /** Whether every event had an id, or what comes twice could not be told. */
  let isNumbered = true
  /** Whether the connection that is read may still bring what the one before has brought. */
  let isCatchingUp = false
  let next: Next | undefined

  /** Sees that the next one brings something before the old one is let go. */
  async function watch(mine: Next): Promise<void> {
    const connection = await mine.opening
    mine.reading = connection?.read(() => mine.held?.length !== 0)
    const isGone = connection === undefined || (await mine.reading) !== undefined
    // It may have been taken or given up meanwhile.
    if (next !== mine) return
    if (isGone) {
      // The old one goes on.
      next = undefined
      connection?.close()
    } else if (recent.has(mine.firstId ?? '')) cut()
    else mine.timer = setTimeout(cut, graceMs)
  }

  return {
    start(credential) {
      if (next !== undefined || !isNumbered) return
      const hold = (pass: () => void): void => {
        if (mine.held === undefined) pass()
        else mine.held.push(pass)
      }
      const sink: Sink = {
        id(id) {
          mine.firstId ??= id
          hold(() => live.id(id))
        },
        event(event) {
          hold(() => live.event(event))
        },
        retry: live.retry,
      }
      const mine: Next = { held: [], opening: open(credential, sink).catch(() => undefined) }
      next = mine
      // What it rejects with reaches whoever reads.
      watch(mine).catch(() => {})
    },
    async take() {
      const mine = next
      const connection = await mine?.opening
      if (mine === undefined || next !== mine) return undefined
      next = undefined
      clearTimeout(mine.timer)
      if (connection === undefined) return undefined
      isCatchingUp = true
      const { held = [] } = mine
      mine.held = undefined
      for (const pass of held) pass()
      return {
        async read(isEnough) {
          const ending = await mine.reading
          mine.reading = undefined
          return ending ?? (isEnough() ? undefined : connection.read(isEnough))
        },
        close: connection.close,
      }
    },
    isNew(id) {
      if (isCatchingUp && recent.has(id)) return false
      isCatchingUp = false
      recent.add(id)
      if (recent.size > most) recent.delete(recent.values().next().value as string)
      if (id === next?.firstId) cut()
      return true
    },
    isRepeated(id) {
      isNumbered &&= Boolean(id)
      return isCatchingUp && Boolean(id)
    },
    stop() {
      clearTimeout(next?.timer)
      // What comes late, from a fetch that heeds no signal, is let go of, too.
      void next?.opening.then((connection) => connection?.close())
      next = undefined
    },
  }
}
