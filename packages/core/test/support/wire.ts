import { onTestFinished } from 'vitest'

import { connectSession, exposeSession, type RemoteSession } from '../../src/remote.ts'
import type { Session } from '../../src/session.ts'

/** Two ends of a real channel, with a record of what they said. */
export interface Wire {
  readonly near: MessagePort
  readonly far: MessagePort
  /** Every message of reauth, of both ends. */
  readonly said: { readonly type: string; readonly [member: string]: unknown }[]
  saidOf(type: string): Wire['said']
  /** Resolves when all that was said has been heard and answered. */
  quiet(): Promise<void>
}

export function createWire(): Wire {
  const { port1, port2 } = new MessageChannel()
  const said: Wire['said'] = []
  for (const port of [port1, port2]) {
    const post = port.postMessage.bind(port) as (message: unknown) => void
    port.postMessage = (message: Wire['said'][number]) => {
      if ('reauth' in message) said.push(structuredClone(message))
      post(message)
    }
  }
  onTestFinished(() => {
    port1.close()
  })
  const pass = (from: MessagePort, to: MessagePort): Promise<void> =>
    new Promise((resolve) => {
      const mark = { mark: Math.random() }
      const heard = ({ data }: { data: { mark?: number } }): void => {
        if (data.mark !== mark.mark) return
        to.removeEventListener('message', heard)
        resolve()
      }
      to.addEventListener('message', heard)
      to.start()
      from.postMessage(mark, [])
    })
  return {
    near: port1,
    far: port2,
    said,
    saidOf: (type) => said.filter((message) => message.type === type),
    async quiet() {
      for (let round = 0; round < 3; round++) {
        await pass(port1, port2)
        await pass(port2, port1)
      }
    },
  }
}

/** Connects the two ends of a wire; after the test the connection is over. */
export async function connected(session: Session): Promise<Wire & { readonly remote: RemoteSession }> {
  const wire = createWire()
  const stop = exposeSession(session, wire.near)
  const remote = connectSession(wire.far)
  onTestFinished(async () => {
    await remote[Symbol.asyncDispose]()
    stop()
  })
  if (session.state.status !== 'loading') await remote.ready
  await wire.quiet()
  return { ...wire, remote }
}
