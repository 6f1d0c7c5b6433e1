import type { Disposer } from './disposer.ts'
import { createEmitter, type Emitter, notify } from './emitter.ts'
import type { Platform } from './platform/platform.ts'
import type { SessionEvents } from './session-events.ts'
import type { SessionOptions } from './session-options.ts'
import type { AdapterTrace, TraceEntry } from './trace.ts'

type Level = TraceEntry['level']

/** What failed, by how bad it is: a verdict or a network is a warning, what no waiting will mend an error. */
const failureLevels: { readonly [Reason in SessionEvents['refresh-failed']['error']['reason']]: Level } = {
  rejected: 'warn',
  unavailable: 'warn',
  lost: 'warn',
  misconfigured: 'error',
  disposed: 'info',
}

/** Tells listeners and the trace what happened. */
export interface Reporter {
  readonly trace: AdapterTrace | undefined
  readonly on: <Type extends keyof SessionEvents>(
    type: Type,
    listener: (event: SessionEvents[Type]) => void,
  ) => Disposer
  readonly tell: <Type extends keyof SessionEvents>(type: Type, event: SessionEvents[Type]) => void
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
    tell(type, event) {
      entered?.({ type, level: levelOf(event), ...flat(event) })
      emitters[type]?.emit(event)
    },
    clear() {
      for (const emitter of Object.values(emitters)) emitter.clear()
    },
  }
}

function levelOf(event: SessionEvents[keyof SessionEvents]): Level {
  if (!('error' in event)) return 'info'
  return event.error.name === 'RefreshError' ? failureLevels[event.error.reason] : 'warn'
}

/** The members that a trace shows. An error is told by its reason: its message may be somebody else's. */
function flat(event: SessionEvents[keyof SessionEvents]): Partial<TraceEntry> {
  if ('error' in event) return { reason: event.error.reason }
  const { identity: _identity, ...rest } = event as SessionEvents['signed-in']
  return rest
}
