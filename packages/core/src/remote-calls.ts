import type { Credential } from './credential.ts'
import { type Deferred, deferred } from './deferred.ts'
import { credentialIn, errorIn } from './remote-codec.ts'
import type { FarMessage, Request } from './remote-protocol.ts'

/** The requests of a far end that have no answer yet. */
export interface Calls {
  readonly isEmpty: boolean
  /** The number of the last one. */
  readonly last: number
  /** Sends a request. Its signal ends the wait, with its reason, and tells the owner. */
  ask(request: Request, signal?: AbortSignal): Promise<Credential | undefined>
  answer(call: unknown, credential: unknown, error: unknown): void
  /** Ends the waits for a credential, or all of them. */
  end(error: unknown, isAll: boolean): void
}

/** `changed` is called when one was asked, answered or given up. */
export function createCalls(send: (message: FarMessage) => void, changed: () => void): Calls {
  const open = new Map<number, Deferred<Credential | undefined> & { readonly type: Request['type'] }>()
  let last = 0

  /** Takes one out, if it is still open, to be settled. */
  function close(call: number): Deferred<Credential | undefined> | undefined {
    const answer = open.get(call)
    open.delete(call)
    return answer
  }

  return {
    get isEmpty() {
      return open.size === 0
    },
    get last() {
      return last
    },
    async ask(request, signal) {
      if (signal?.aborted === true) throw signal.reason
      const call = ++last
      const answer = deferred<Credential | undefined>()
      open.set(call, { ...answer, type: request.type })
      const leave = (): void => {
        if (close(call) !== undefined) send({ type: 'abandon', call })
        answer.reject(signal?.reason)
      }
      signal?.addEventListener('abort', leave, { once: true })
      send({ ...request, call })
      changed()
      try {
        return await answer.promise
      } finally {
        signal?.removeEventListener('abort', leave)
        changed()
      }
    },
    answer(call, credential, error) {
      const type = open.get(call as number)?.type
      const answer = close(call as number)
      const had = credentialIn(credential)
      const isRight = had !== undefined || type === 'signIn' || type === 'signOut'
      if (error === undefined && isRight) answer?.resolve(had)
      else answer?.reject(errorIn(error))
    },
    end(error, isAll) {
      for (const [call, { type }] of open) {
        if (isAll || type === 'acquire' || type === 'refresh') close(call)?.reject(error)
      }
    },
  }
}
