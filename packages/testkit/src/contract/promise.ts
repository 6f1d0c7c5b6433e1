import type { Stage } from './stage.ts'

/** One thing that every transport keeps. */
export interface TransportPromise {
  /** A sentence of which the transport is the subject. */
  readonly title: string
  readonly play: (stage: Stage) => Promise<void>
}
