import type { TokenStorage } from '@reauth/core'

/** Where one promise of a storage is put to the test. */
export interface StorageStage {
  readonly storage: TokenStorage
  /** The same items, where there is one over another connection. */
  readonly other: TokenStorage
  /** Throws unless both give what was set, or the object that it was made from; null is for what is absent. */
  assertItem(key: string, set: string | null, what: string): Promise<void>
}

/** One thing that every storage keeps. */
export interface StoragePromise {
  /** A sentence of which the storage is the subject. */
  readonly title: string
  readonly play: (stage: StorageStage) => Promise<void>
}
