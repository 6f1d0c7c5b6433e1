import { cooldownMs } from './cooldown.ts'
import { isRefreshError, RefreshError } from './errors.ts'
import { createExclusion, type Turn } from './exclusion.ts'
import type { Claim } from './fates.ts'
import type { StoredHost } from './session-host.ts'
import { isNewer, type SessionRecord, type Stamp, stampOf, type Stored } from './session-record.ts'
import { type Active, type Expired, type Holding, initial, isOf, isSignedIn, isStranger } from './session-state.ts'
import { pause } from './sleep.ts'
import { createStore } from './store.ts'
import { withLedger } from './with-ledger.ts'

/** Keeps a session in step with its storage, and with everybody who shares that. Nothing here rejects for the storage. */
export interface Keeper {
  /** Adopts what is stored, at once where the storage answers at once. */
  open(): Promise<void> | undefined
  /** Re-reads: adopts what is newer, and writes only what is newer here. */
  look(): Promise<void>
  /** Writes what was learned of the tokens that are held, unless the store has moved on. */
  tell(): Promise<void>
  /** Writes a sign-in or a sign-out of this page, above whatever is there. */
  move(): Promise<void>
  /** Writes what a refresh brought, before anybody hears of it; adopts what is there if it is no older. */
  commit(next: Holding): Promise<void>
  /** Says that a refresh token is about to be presented; returns whether it may be. No await after this. */
  claim(held: Active | Expired, turn: Turn): Promise<boolean>
  /** Runs a task, which must not reject, when nobody else refreshes, after a look at the store; `trouble` forbids it. */
  exclusively(task: (turn: Turn, trouble: RefreshError | undefined) => Promise<void>): Promise<void>
  /** The page may be frozen any moment. */
  release(): void
  /** Ends the retries; resolves when nothing is being written. */
  end(): Promise<void>
}

/** How far it goes to have its way. */
const look = 0
const tell = 1
const move = 2

/** How often it looks whether one that has lost the lock is done. */
const stepMs = 1000

export function createKeeper(host: StoredHost): Keeper {
  const { storage, platform, fates, capMs, trace, tabs, lifetime } = host
  const owner = `${platform.now()}.${Math.random()}`
  const ledger = platform.ledgerOf?.(storage)
  const bare = createStore(host)
  const store = ledger ? createStore({ ...host, storage: withLedger(host, ledger) }) : bare
  const exclusion = createExclusion(host, async () => isOver((await store.read()).record?.fate?.claim))
  let queue: Promise<void> = Promise.resolve()
  let first: Promise<Stored> | undefined
  /** How many moves of this page have not found their place above the store's. */
  let moves = 0
  let owed = look
  /** The move that was last put above what the store had, whether or not that was answered. */
  let placed: Stamp | undefined
  let failures = 0
  let retry: unknown
  /** Why the last look forbids a refresh. */
  let trouble: RefreshError | undefined

  /** One at a time, in the order of the calls. */
  function keep(force: number, next?: Holding): Promise<void> {
    if (force === move) moves++
    queue = queue.then(async () => {
      trouble = undefined
      try {
        await settle(next === undefined ? Math.max(force, owed) : force, next)
        if (next === undefined) owed = look
        failures = 0
      } catch (cause) {
        if (isRefreshError(cause)) trouble = cause
        else fail(cause, force)
      }
      if (force === move) moves--
    })
    return queue
  }

  /** The page goes on in memory, and tries again. */
  function fail(cause: unknown, force: number): void {
    owed = Math.max(owed, force)
    if (failures++ === 0) host.tell('persist-failed', { cause }, 'error')
    if (host.holding.status === 'loading') host.dispatch({ type: 'adopted', stored: initial })
    if (lifetime.aborted) return
    platform.clearTimeout(retry)
    retry = platform.setTimeout(() => void keep(look), cooldownMs(failures, platform.random()))
  }

  /** Brings the store up to what is held, or what is held up to the store: whichever is newer wins. */
  async function settle(force: number, next: Holding | undefined): Promise<void> {
    let hasWritten = false
    for (let tries = 0; tries < 5; tries++) {
      // One after the other: each write is looked at before it is believed.
      const reading = first ?? store.read()
      first = undefined
      // oxlint-disable-next-line no-await-in-loop
      const there = await reading
      if (there.record !== undefined) fates.learn(there.record, there.record.fate)
      const held = next ?? host.holding
      if (isWritten(there, held)) {
        if (hasWritten) tabs.tell(stampOf(held))
        return
      }
      const isOther = isStranger(there, held)
      const isTie = isOther && there.version === held.version
      const isAhead = held.status !== 'loading' && isNewer(held, there) && !isTie
      // What is above a move that had its place came after it.
      const isPlaced = hasWritten || (placed?.epoch === held.epoch && placed.version === held.version)
      const isBehind = isOther || isNewer(there, held)
      if (force === move && (!isPlaced || isRival(there, held))) {
        if (!isAhead) host.dispatch({ type: 'rebased', on: there })
      } else if (!isAhead && (force === look || isPlaced || held.status === 'loading' || isBehind)) {
        // A sign-out came between the look and the writing.
        // oxlint-disable-next-line no-await-in-loop
        if (hasWritten && there.isLeftOver === true) await store.remove()
        if (moves === 0) adopt(there)
        // What was learned of these very tokens is still to be told.
        if (force !== tell || isOther || !isOf(host.holding, there)) return
      }
      const mine = next ?? host.holding
      placed = mine
      // oxlint-disable-next-line no-await-in-loop
      if (await write(there, mine)) hasWritten = true
      else placed = undefined
    }
    throw new Error('The storage does not keep what it is given')
  }

  function adopt(stored: Stored): void {
    const before = host.holding
    host.dispatch({ type: 'adopted', stored })
    if (host.holding !== before) trace?.({ type: 'adopted', level: 'info', ...stampOf(stored) })
    // What was taken for another sign-in is to be one for everybody.
    if (isNewer(host.holding, stored)) void keep(look)
  }

  async function write(there: Stored, held: Holding): Promise<boolean> {
    if (isSignedIn(held)) return store.replace(there, recordOf(held))
    if (isNewer(held, there)) await store.markSignedOut(held)
    if (there.raw !== null) await store.remove()
    return true
  }

  function recordOf(held: Active | Expired): SessionRecord {
    const { tokens, receivedAt, credential } = held
    const fate = fates.of(held)
    return {
      format: 1,
      ...stampOf(held),
      tokens,
      receivedAt,
      identity: credential.identity,
      expired: held.error?.reason,
      fate: fate.revision === undefined ? undefined : fate,
    }
  }

  function isWritten(there: Stored, held: Holding): boolean {
    if (isSignedIn(held)) return JSON.stringify(there.record) === JSON.stringify(recordOf(held))
    return held.status === 'signed-out' && there.raw === null && !isNewer(held, there) && !isNewer(there, held)
  }

  /** Returns the claim of somebody else on the refresh token that is held, as far as the last look tells. */
  function foreignClaim(): Claim | undefined {
    const { claim } = fates.of(host.holding)
    return claim?.owner === owner ? undefined : claim
  }

  /** Whether a request has had the time that it may take. */
  const isOver = (claim: Claim | undefined): boolean => claim === undefined || platform.now() - claim.at > capMs

  /**
   * Waits for one from whom the lock was taken: for what it was just writing, and while it answers for its claim. No end
   * of the lock tells when that one has gone, neither here nor to who comes after.
   */
  async function untilUnclaimed(turn: Turn): Promise<void> {
    /* oxlint-disable no-await-in-loop */
    for (let ms = store.graceMs; ; ms = stepMs) {
      await pause(platform, ms)
      await keep(look)
      const held = host.holding
      const claim = foreignClaim()
      if (turn.isLost || lifetime.aborted || isOver(claim) || !isSignedIn(held)) return
      if (claim?.stray === undefined) fates.add(held, { claim: { ...(claim as Claim), stray: true } })
      await keep(tell)
    }
    /* oxlint-enable no-await-in-loop */
  }

  /** Under the lock, a claim of somebody else is one that was left behind: its answer was lost. */
  async function inherit(turn: Turn): Promise<void> {
    const found = foreignClaim()
    // A claim that is younger than this turn is that of a thief, of whom this page has not heard yet.
    if (turn.isTakeover || found?.stray === true || (found?.at ?? 0) > turn.since) await untilUnclaimed(turn)
    const held = host.holding
    const claim = foreignClaim()
    if (claim === undefined || !isSignedIn(held) || turn.isLost) return
    const error = new RefreshError('The answer to an earlier refresh was lost', { reason: 'lost', sent: true })
    const retryAt = fates.of(held).failure?.retryAt ?? 0
    fates.fail(held, { error, at: claim.at, retryAt, random: platform.random() })
  }

  return {
    open() {
      try {
        const answer = bare.read()
        if (answer instanceof Promise) {
          first = answer
          return keep(look)
        }
        host.dispatch({ type: 'adopted', stored: answer })
        return undefined
      } catch {
        // Told by the next try: nobody can listen yet.
        host.dispatch({ type: 'adopted', stored: initial })
        return keep(look)
      }
    },
    look: () => keep(look),
    tell: () => keep(tell),
    move: () => keep(move),
    commit: (next) => keep(look, next),
    async claim(held, turn) {
      const at = platform.now()
      const isOurs = (): boolean => fates.of(held).claim?.owner === owner
      // One that came since this turn looked is that of a thief: it must not be written over.
      if (!turn.isLost && foreignClaim() === undefined) {
        fates.add(held, { claim: { owner, at } })
        turn.isSent = true
        await keep(tell)
        // Where two claim at once, the one that is stored counts.
        if (isOurs() && !turn.isLost && platform.now() - at < capMs) return true
        turn.isSent = false
        // It may not have been stored.
        if (isOurs()) await keep(look)
        if (isOurs()) {
          fates.add(held, { claim: undefined })
          await keep(tell)
          return false
        }
      }
      await untilUnclaimed(turn)
      return false
    },
    exclusively: (task) =>
      exclusion.run(async (turn) => {
        await keep(look)
        await inherit(turn)
        await task(turn, trouble)
      }),
    release: exclusion.release,
    end() {
      platform.clearTimeout(retry)
      return queue
    },
  }
}

/** Whether another sign-in was written at the same time, over a storage that cannot compare and swap. */
function isRival(there: Stored, held: Holding): boolean {
  return there.epoch === held.epoch && (there.version <= held.version || isStranger(there, held))
}
