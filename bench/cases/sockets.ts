/* oxlint-disable unicorn/prefer-add-event-listener -- what is compared is handlers */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { type AnySocket, socketContenders } from '../contenders/sockets.ts'
import type { Contender } from '../measure.ts'

const sockets = 1000
const messages = 50_000

/** A server in a process of its own. */
interface Served {
  readonly url: string
  /** Closes all connections to a path, as a server does whose tokens have lapsed. */
  drop(path: string): void
  stop(): void
}

export async function serveSockets(): Promise<Served> {
  const child: ChildProcess = fork(join(import.meta.dirname, '../socket-server.ts'))
  const [port] = (await once(child, 'message')) as [number]
  return {
    url: `ws://127.0.0.1:${port}`,
    drop: (path) => child.send(path),
    stop() {
      child.disconnect()
    },
  }
}

/** Messages through one socket each, to its `onmessage`. */
export async function messageCalls({ url }: Served): Promise<Contender[]> {
  return Promise.all(
    socketContenders.map(async ({ name, open }) => {
      const [socket] = open(`${url}/messages`, 1, async () => 'a1') as [AnySocket]
      await new Promise((resolve) => {
        socket.onopen = resolve
      })
      return {
        name: name === 'raw re-dial' ? 'raw onmessage' : name,
        calls: messages,
        run: () =>
          new Promise<undefined>((resolve) => {
            let count = 0
            socket.onmessage = () => {
              if (++count === messages) resolve(undefined)
            }
            socket.send(String(messages))
          }),
      }
    }),
  )
}

/** A thousand sockets that are dropped at once by a token that lapsed; it ends when all are back. */
export function dropCalls(served: Served): { contenders: Contender[]; times: ReadonlyMap<string, readonly number[]> } {
  const times = new Map<string, number[]>()
  const contenders = socketContenders.map(({ name, open }, ordinal): Contender => {
    const path = `/drop-${ordinal}`
    const taken: number[] = []
    times.set(name, taken)
    let tokens = 0
    let all: AnySocket[] | undefined
    return {
      name,
      calls: sockets,
      async run() {
        if (all === undefined) {
          all = open(served.url + path, sockets, async () => `a${++tokens}`)
          await greeted(all)
        }
        const before = tokens
        const start = performance.now()
        const back = greeted(all)
        served.drop(path)
        await back
        taken.push(performance.now() - start)
        return tokens - before === 1 ? undefined : `${tokens - before} refreshes`
      },
    }
  })
  return { contenders, times }
}

/** Resolves when each socket has had a message. */
function greeted(all: readonly AnySocket[]): Promise<void> {
  return new Promise((resolve) => {
    let count = 0
    for (const socket of all) {
      socket.onmessage = () => {
        if (++count === all.length) resolve()
      }
    }
  })
}
