import { cooldownMs } from './cooldown.ts'
import { isReauthError, RefreshError } from './errors.ts'
import { createExclusion, type Turn } from './exclusion.ts'
import { type Claim, type Fates, keyOf } from './fates.ts'
import type { Platform } from './platform/platform.ts'
import { isNewer, type SessionRecord, type Stamp, type Stored } from './session-record.ts'
import {
  type Active,
  type Expired,
  type Holding,
  isOf,
  isSignedIn,
  isStranger,
  type SessionEvent,
} from './session-state.ts'
import { pause } from './sleep.ts'
import type { TokenStorage } from './storage.ts'
import { createStore } from './store.ts'
import type { AdapterTrace } from './trace.ts'
import { withLedger } from './with-ledger.ts'

/** The session as its keeper sees it. */
export interface KeeperHost {
  readonly storage: TokenStorage
  readonly name: string
  readonly platform: Platform
  readonly refreshTimeoutMs: number
  readonly fates: Fates
  readonly trace: AdapterTrace | undefined
  flawOf(tokens: unknown): string | undefined
  holding(): Holding
  dispatch(event: SessionEvent): void
  /** Told that something was written, for the other tabs. */
  written(stamp: Stamp): void
  failed(cause: unknown): void
}

/** Keeps a session in step with its storage, and with everybody who shares that. Nothing here rejects for the storage. */
export interface Keeper {
  /** What the storage said at once; undefined while it takes its time. */
  readonly found: Stored | undefined
  /** Whether the storage did not work when it was last tried. */
  readonly isFailing: boolean
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
  /** Ends waits and retries; resolves when nothing is being written. */
  end(reason: unknown): Promise<void>
}

/** How far it goes to have its way. */
const look = 0
const tell = 1
const move = 2

/** How often it looks whether one that has lost the lock is done. */
const stepMs = 1000

export function createKeeper(host: KeeperHost): Keeper {
  const { storage, name, platform, fates, refreshTimeoutMs, trace } = host
  const owner = `${platform.now()}.${Math.random()}`
  const ledger = platform.ledgerOf?.(storage)
  const coherent = ledger && withLedger(storage, ledger, name, platform, 3 * refreshTimeoutMs)
  const refused = (): void => trace?.({ type: 'warning', level: 'warn', reason: 'record' })
  const store = createStore({ ...host, storage: coherent ?? storage, refused })
  const exclusion = createExclusion({
    storage,
    name: `reauth:${name}`,
    platform,
    waitMs: refreshTimeoutMs,
    isAbandoned: async () => isOver((await store.read()).record?.fate?.claim),
    fellBack: () => trace?.({ type: 'warning', level: 'warn', reason: 'no-lock' }),
    entered(ms, isTakeover) {
      if (isTakeover) trace?.({ type: 'takeover', level: 'warn', ms })
      else if (ms > 0) trace?.({ type: 'lock-wait', level: 'debug', ms })
    },
  })
  let queue: Promise<void> = Promise.resolve()
  let first: Promise<Stored> | undefined
  let found: Stored | undefined
  /** How many moves of this page have not found their place above the store's. */
  let moves = 0
  let owed = look
  let failures = 0
  let retry: unknown
  let isEnded = false
  /** Why the last look forbids a refresh. */
  let trouble: RefreshError | undefined

  try {
    const answer = createStore({ ...host, refused }).read()
    if (answer instanceof Promise) first = answer
    else found = answer
  } catch (cause) {
    found = { epoch: 0, version: 0 }
    fail(cause, look)
  }

  /** One at a time, in the order of the calls. */
  function keep(force: number, current: () => Holding = host.holding): Promise<void> {
    if (force === move) moves++
    queue = queue.then(async () => {
      const isOwn = current === host.holding
      trouble = undefined
      try {
        await settle(current, isOwn ? Math.max(force, owed) : force)
        if (isOwn) owed = look
        failures = 0
      } catch (cause) {
        if (isReauthError(cause) && cause.name === 'RefreshError') trouble = cause
        else fail(cause, force)
      }
      if (force === move) moves--
    })
    return queue
  }

  /** The page goes on in memory, and tries again. */
  function fail(cause: unknown, force: number): void {
    owed = Math.max(owed, force)
    if (failures++ === 0) host.failed(cause)
    if (host.holding().status === 'loading') host.dispatch({ type: 'adopted', stored: { epoch: 0, version: 0 } })
    if (isEnded) return
    platform.clearTimeout(retry)
    retry = platform.setTimeout(() => void keep(look), cooldownMs(failures, platform.random()))
  }

  /** Brings the store up to what is held, or what is held up to the store: whichever is newer wins. */
  async function settle(current: () => Holding, force: number): Promise<void> {
    let hasWritten = false
    for (let tries = 0; tries < 5; tries++) {
      // One after the other: each write is looked at before it is believed.
      const reading = first ?? store.read()
      first = undefined
      // oxlint-disable-next-line no-await-in-loop
      const there = await reading
      if (there.record !== undefined) fates.learn(keyOf(there.record), there.record.fate)
      let held = current()
      if (isWritten(there, held)) {
        if (hasWritten) host.written(held)
        return
      }
      const isAhead = held.status !== 'loading' && isNewer(held, there)
      if (force === move && (!hasWritten || isRival(there, held))) {
        if (!isAhead) host.dispatch({ type: 'rebased', on: there })
        held = current()
      } else if (!isAhead && (force === look || hasWritten || held.status === 'loading' || isNewer(there, held))) {
        // A sign-out came between the look and the writing.
        // oxlint-disable-next-line no-await-in-loop
        if (hasWritten && there.isLeftOver === true) await store.remove()
        if (moves === 0) adopt(there)
        // What was learned of these very tokens is still to be told.
        if (force !== tell || !isOf(host.holding(), there)) return
        held = current()
      }
      // oxlint-disable-next-line no-await-in-loop
      if (await write(there, held)) hasWritten = true
    }
    throw new Error('The storage does not keep what it is given')
  }

  function adopt(stored: Stored): void {
    const before = host.holding()
    host.dispatch({ type: 'adopted', stored })
    const { epoch, version } = stored
    const after = host.holding()
    if (after !== before) trace?.({ type: 'adopted', level: 'info', epoch, version })
    // What was taken for another sign-in is to be one for everybody.
    if (isNewer(after, stored)) void keep(look)
  }

  async function write(there: Stored, held: Holding): Promise<boolean> {
    if (isSignedIn(held)) return store.replace(there, recordOf(held))
    if (isNewer(held, there)) await store.markSignedOut(held)
    if (there.raw !== null) await store.remove()
    return true
  }

  function recordOf(held: Active | Expired): SessionRecord {
    const { epoch, version, tokens, receivedAt, credential } = held
    const fate = fates.of(keyOf(held))
    return {
      format: 1,
      epoch,
      version,
      tokens,
      receivedAt,
      identity: credential.identity,
      expired: held.status === 'expired' ? held.error.reason : undefined,
      fate: fate.revision === undefined ? undefined : fate,
    }
  }

  function isWritten(there: Stored, held: Holding): boolean {
    if (isSignedIn(held)) return JSON.stringify(there.record) === JSON.stringify(recordOf(held))
    return held.status === 'signed-out' && there.raw === null && !isNewer(held, there) && !isNewer(there, held)
  }

  /** Returns the claim of somebody else on the refresh token that is held, as far as the last look tells. */
  function foreignClaim(): Claim | undefined {
    const held = host.holding()
    const claim = isSignedIn(held) ? fates.of(keyOf(held)).claim : undefined
    return claim?.owner === owner ? undefined : claim
  }

  /** Whether a request has had the time that it may take. */
  const isOver = (claim: Claim | undefined): boolean =>
    claim === undefined || platform.now() - claim.at > 3 * refreshTimeoutMs

  /**
   * Waits for one from whom the lock was taken: for what it was just writing, and while it answers for its claim. No end
   * of the lock tells when that one has gone, neither here nor to who comes after.
   */
  async function untilUnclaimed(turn: Turn): Promise<void> {
    /* oxlint-disable no-await-in-loop */
    for (let ms = store.graceMs; ; ms = stepMs) {
      await pause(platform, ms)
      await keep(look)
      const held = host.holding()
      const claim = foreignClaim()
      if (turn.isLost || isEnded || isOver(claim) || !isSignedIn(held)) return
      if (claim?.stray === undefined) fates.add(keyOf(held), { claim: { ...(claim as Claim), stray: true } })
      await keep(tell)
    }
    /* oxlint-enable no-await-in-loop */
  }

  /** Under the lock, a claim of somebody else is one that was left behind: its answer was lost. */
  async function inherit(turn: Turn): Promise<void> {
    if (turn.isTakeover || foreignClaim()?.stray === true) await untilUnclaimed(turn)
    const held = host.holding()
    const claim = foreignClaim()
    if (claim === undefined || !isSignedIn(held)) return
    const { failure } = fates.of(keyOf(held))
    const error = new RefreshError('The answer to an earlier refresh was lost', { reason: 'lost', sent: true })
    const attempts = (failure?.attempts ?? 0) + 1
    const until = claim.at + cooldownMs(attempts, platform.random())
    const retryAt = failure?.retryAt ?? 0
    const { at } = claim
    fates.add(keyOf(held), { claim: undefined, lost: true, failure: { error, attempts, at, until, retryAt } })
  }

  return {
    found,
    get isFailing() {
      return failures > 0
    },
    look: () => keep(look),
    tell: () => keep(tell),
    move: () => keep(move),
    commit: (next) => keep(look, () => next),
    async claim(held, turn) {
      const at = platform.now()
      const key = keyOf(held)
      fates.add(key, { claim: { owner, at } })
      turn.isSent = true
      await keep(tell)
      // Where two claim at once, the one that is stored counts.
      const isOurs = (): boolean => fates.of(key).claim?.owner === owner
      if (isOurs() && !turn.isLost && platform.now() - at < 3 * refreshTimeoutMs) return true
      turn.isSent = false
      // It may not have been stored.
      if (isOurs()) await keep(look)
      if (isOurs()) {
        fates.add(key, { claim: undefined })
        await keep(tell)
      } else await untilUnclaimed(turn)
      return false
    },
    exclusively: (task) =>
      exclusion.run(async (turn) => {
        await keep(look)
        await inherit(turn)
        await task(turn, trouble)
      }),
    release: exclusion.release,
    end(reason) {
      isEnded = true
      platform.clearTimeout(retry)
      exclusion.end(reason)
      return queue
    },
  }
}

/** Whether another sign-in was written at the same time, over a storage that cannot compare and swap. */
function isRival(there: Stored, held: Holding): boolean {
  return there.epoch === held.epoch && (there.version <= held.version || isStranger(there, held))
}
