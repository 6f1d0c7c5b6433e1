import type { AuthenticationReason } from './errors.ts'
import type { Fate } from './fates.ts'
import type { TokenSet } from './token-set.ts'

/** Which token set something is about: of which sign-in, and which of that one. */
export interface Stamp {
  readonly epoch: number
  readonly version: number
}

/** Returns which one something is about, and no more of it. */
export function stampOf({ epoch, version }: Stamp): Stamp {
  return { epoch, version }
}

/** How a session stands in a storage, under its name. */
export interface SessionRecord extends Stamp {
  readonly format: 1
  readonly tokens: TokenSet
  /** Epoch ms. */
  readonly receivedAt: number
  readonly identity?: string | undefined
  /** Why it cannot go on without a sign-in; the tokens stay. */
  readonly expired?: AuthenticationReason | undefined
  /** What is known of the refresh token in it. */
  readonly fate?: Fate | undefined
}

/** What was found in a storage. */
export interface Stored extends Stamp {
  /** Absent where nobody is signed in. */
  readonly record?: SessionRecord | undefined
  /** Whether there are tokens of a session that was signed out. */
  readonly isLeftOver?: boolean
  /** What `getItem` gave, to be compared when it is replaced. */
  readonly raw?: unknown
}

/** Whether one comes after the other; of the same token set, one that is over comes after one that is not. */
export function isNewer(one: Ranked, other: Ranked): boolean {
  if (one.epoch !== other.epoch) return one.epoch > other.epoch
  return one.version === other.version ? rankOf(one) > rankOf(other) : one.version > other.version
}

interface Ranked extends Stamp {
  readonly status?: string
  readonly record?: SessionRecord | undefined
}

/** Nobody outranks an expired session, and that one an active one. */
function rankOf({ status, record }: Ranked): number {
  if (status === 'expired' || record?.expired !== undefined) return 1
  return status === 'active' || record !== undefined ? 0 : 2
}

/** Returns the epoch and the version that a sign-out left behind. */
export function parseStamp(raw: unknown): Stamp {
  const [epoch = 0, version = 0] = String(raw)
    .split(':')
    .map((part) => Math.trunc(Number(part)) || 0)
  return { epoch, version }
}

/** Returns the record in what a storage gave, a string or an object; undefined for what is none. */
export function parseRecord(raw: unknown, flawOf?: (tokens: unknown) => string | undefined): SessionRecord | undefined {
  try {
    const record = (typeof raw === 'string' ? JSON.parse(raw) : raw) as SessionRecord
    const { format, epoch, version, receivedAt, tokens } = record
    const isRight = format === 1 && [epoch, version, receivedAt].every(Number.isSafeInteger)
    return isRight && flawOf?.(tokens) === undefined ? record : undefined
  } catch {
    return undefined
  }
}
