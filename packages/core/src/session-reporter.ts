import type { Disposer } from './disposer.ts'
import { createEmitter, type Emitter, notify } from './emitter.ts'
import type { Platform } from './platform/platform.ts'
import type { SessionEvents } from './session-events.ts'
import type { SessionOptions } from './session-options.ts'
import type { AdapterTrace, TraceEntry } from './trace.ts'

/** Tells listeners and the trace what happened. */
export interface Reporter {
  readonly trace: AdapterTrace | undefined
  readonly on: <Type extends keyof SessionEvents>(
    type: Type,
    listener: (event: SessionEvents[Type]) => void,
  ) => Disposer
  readonly tell: <Type extends keyof SessionEvents>(
    type: Type,
    event: SessionEvents[Type],
    level?: TraceEntry['level'],
  ) => void
  /** Whether somebody listens. */
  readonly isHeard: (type: keyof SessionEvents) => boolean
  readonly clear: () => void
}

export function createReporter({ name = 'reauth', issuer, trace }: SessionOptions, platform: Platform): Reporter {
  const emitters: { [Type in keyof SessionEvents]?: Emitter<[SessionEvents[Type]]> } = {}

  const entered: AdapterTrace | undefined =
    trace &&
    ((entry) => {
      notify(trace, { ...entry, at: platform.now(), session: name, ...(issuer !== undefined && { issuer }) })
    })

  return {
    trace: entered,
    on(type, listener) {
      const emitter = (emitters[type] ??= createEmitter() as never) as Emitter<[SessionEvents[typeof type]]>
      return emitter.add(listener)
    },
    tell(type, event, level = 'info') {
      if (entered !== undefined) {
        // An error is told by its reason: its message may be somebody else's.
        const { identity: _identity, cause: _cause, error, ...shown }: Partial<AnyEvent> = event
        entered({ type, level, ...shown, ...(error && { reason: error.reason }) })
      }
      emitters[type]?.emit(event)
    },
    isHeard: (type) => emitters[type]?.isHeard === true,
    clear() {
      for (const emitter of Object.values(emitters)) emitter.clear()
    },
  }
}

type AnyEvent = SessionEvents['signed-in'] &
  SessionEvents['persist-failed'] &
  SessionEvents['expiring'] &
  SessionEvents['refreshed'] & { error: { reason: string } }
