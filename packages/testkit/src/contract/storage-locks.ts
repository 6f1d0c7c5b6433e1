import type { LockOptions, TokenStorage } from '@reauth/core'

import { deferred } from '../deferred.ts'
import { settle } from '../settle.ts'
import { assertEqual } from './assert-equal.ts'
import type { StoragePromise } from './storage-promise.ts'

/** What `request` is for: one at a time, for everybody who shares the storage. */
export const locks: readonly StoragePromise[] = [
  {
    title: 'gives a name to one at a time, and everybody their turn and their answer',
    async play({ storage, other }) {
      let inside = 0
      let most = 0
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          request(index % 2 === 0 ? storage : other, async () => {
            most = Math.max(most, ++inside)
            await storage.setItem('reauth', `${index}`)
            await settle(1)
            inside--
            return index
          }),
        ),
      )
      assertEqual(most, 1, 'Holders at once')
      assertEqual(answers.join(), '0,1,2,3,4,5,6,7,8,9', 'Answers')
    },
  },
  {
    title: 'gives a name in the order of the calls',
    async play({ storage }) {
      const order: number[] = []
      const turn = async (index: number): Promise<void> => {
        order.push(index)
        await settle(1)
      }
      await Promise.all([0, 1, 2, 3, 4].map((index) => request(storage, () => turn(index))))
      assertEqual(order.join(), '0,1,2,3,4', 'The order')
    },
  },
  {
    title: 'lets another name go by',
    async play({ storage, other }) {
      const gate = deferred()
      const held = request(storage, () => gate.promise)
      assertEqual(await request(other, async () => 'went by', {}, 'other'), 'went by', 'The answer')
      gate.resolve()
      await held
    },
  },
  {
    title: 'ends a wait with the reason of its signal, and nothing else',
    async play({ storage, other }) {
      const gate = deferred()
      const reason = new Error('enough')
      const controller = new AbortController()
      const arrived = deferred()
      const holder = request(
        storage,
        async () => {
          arrived.resolve()
          await gate.promise
          return 'held'
        },
        { signal: controller.signal },
      )
      await arrived.promise
      let calls = 0
      const call = async (): Promise<string> => `call ${++calls}`
      const waiter = failureOf(request(other, call, { signal: controller.signal }))
      const next = request(storage, call)
      controller.abort(reason)
      assertEqual(await waiter, reason, 'What the aborted wait rejects with')
      assertEqual(calls, 0, 'Calls while the name is held')
      gate.resolve()
      assertEqual(await holder, 'held', 'The answer of the holder whose signal was aborted')
      assertEqual(await next, 'call 1', 'The answer of the next')
      const late = await failureOf(request(storage, call, { signal: controller.signal }))
      assertEqual(late, reason, 'What a request with an aborted signal rejects with')
      assertEqual(calls, 1, 'Calls')
    },
  },
  {
    title: 'passes a failure on to whose it is, and goes on',
    async play({ storage, other }) {
      const mine = new Error('mine')
      const failing = failureOf(request(storage, () => Promise.reject(mine)))
      const next = request(other, async () => 'next')
      assertEqual(await failing, mine, 'The failure')
      assertEqual(await next, 'next', 'The answer of the next')
    },
  },
]

async function request<T>(
  storage: TokenStorage,
  callback: () => Promise<T>,
  options: LockOptions = {},
  name = 'reauth',
): Promise<T> {
  if (storage.request === undefined) throw new Error('There is no request')
  return storage.request(name, options, callback)
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => `no failure but ${String(value)}`,
    (error: unknown) => error,
  )
}
