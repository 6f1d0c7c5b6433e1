import type { Credential } from '@reauth/core'

import type { Line } from './line.ts'
import type { Loss } from './loss.ts'
import { after, over } from './timer.ts'

/** Where a socket is. */
export type State = (
  | { readonly phase: 'open' | 'draining'; readonly line: Line }
  | { readonly phase: 'connecting' | 'closing' | 'closed'; readonly line?: Line | undefined }
) & {
  /** Whether a credential may open again what was closed for the one before. */
  readonly isBetter?: ((credential: Credential) => boolean) | undefined
  /** What is to be done when the page wakes; `isCertain` where the machine has slept. */
  woke?: (isCertain: boolean) => void
}

/** The state of a socket, and the life of its connection. */
export interface Stage {
  readonly state: State
  /**
   * What a connection starts, from its dialling to its end, ends with its life, and every continuation asks for that:
   * nothing of a former connection acts upon a later one.
   */
  readonly life: AbortController
  /** Hears of a line that was let go, in the state behind it. */
  left?: (line: Line) => void
  /** Goes on to another state. A life that is given goes on; any other is over. */
  enter(state: State, life?: AbortController): AbortSignal
  /** Closes what is open, and lets go of what is not. Calls back in the end; with a loss where it was open. */
  close(code: number | undefined, reason: string | undefined, ended: (loss?: Loss) => void): void
}

/** Returns the stage of a socket that is not connected yet. */
export function createStage(): Stage {
  const stage: { -readonly [Key in keyof Stage]: Stage[Key] } = {
    state: { phase: 'connecting' },
    life: new AbortController(),
    enter(state, life = new AbortController()) {
      const {
        life: former,
        state: { line },
      } = stage
      stage.state = state
      stage.life = life
      // One that ended by itself has left nothing behind.
      if (life !== former && line?.isOver !== true) former.abort(over)
      if (line !== undefined && line !== state.line) stage.left?.(line)
      return life.signal
    },
    close(code, reason, ended) {
      const {
        state: { phase, line },
        life,
      } = stage
      if (phase !== 'open') return after(0, stage.enter({ phase: 'closing' }), ended)
      stage.enter({ phase: 'closing', line }, life)
      line.listen({ message() {}, lost: ended })
      line.close(code, reason)
    },
  }
  return stage
}
