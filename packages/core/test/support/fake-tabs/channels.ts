import type { Scheduler } from 'fast-check'

import type { Channel } from '../../../src/platform/platform.ts'
import type { Tab } from './tab.ts'

/** The broadcast channels of one origin. */
export interface Channels {
  /** Everything that was ever posted. */
  readonly posted: unknown[]
  classFor(tab: () => Tab): new (name: string) => Channel
}

export function createChannels(scheduler: Scheduler): Channels {
  const posted: unknown[] = []
  const open = new Set<{ readonly name: string; readonly hear: (data: unknown) => void }>()

  return {
    posted,
    classFor: (tabOf) =>
      class implements Channel {
        onmessage: Channel['onmessage'] = null
        readonly #end: { readonly name: string; readonly hear: (data: unknown) => void }

        constructor(name: string) {
          const tab = tabOf()
          const end = {
            name,
            hear: (data: unknown) => {
              tab.deliver(() => {
                if (open.has(end)) this.onmessage?.({ data })
              })
            },
          }
          this.#end = end
          open.add(end)
          void tab.crashed.then(() => open.delete(end))
        }

        postMessage(message: unknown): void {
          posted.push(message)
          const data: unknown = structuredClone(message)
          for (const end of open) {
            if (end === this.#end || end.name !== this.#end.name) continue
            void scheduler.schedule(Promise.resolve(), `message ${JSON.stringify(data)}`).then(() => {
              end.hear(data)
            })
          }
        }

        close(): void {
          open.delete(this.#end)
        }
      },
  }
}
