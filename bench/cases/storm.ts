import { createFetch } from '@reauth/fetch'

import { axiosAuthRefresh } from '../contenders/axios-auth-refresh.ts'
import { badgateway } from '../contenders/badgateway.ts'
import { type GetToken, handWritten, idealLoop } from '../contenders/hand-written.ts'
import { signedIn } from '../contenders/reauth.ts'
import type { Contender } from '../measure.ts'
import type { Stub } from '../stub.ts'

const calls = 10_000
const url = 'https://api.test/items/1'

/** Calls at once, each answered 401, with a wrapper that is new each time. */
export function stormCalls(stub: Stub): Contender[] {
  const { fetch: send } = stub

  /** Sees that a storm went as it should: one refresh, two requests for each call, and no failure. */
  const storm = (name: string, make: (getToken: GetToken) => (url: string) => Promise<unknown>): Contender => ({
    name,
    calls,
    async run() {
      let refreshes = 0
      const call = make(async () => `a${++refreshes + 1}`)
      const before = stub.requests
      stub.refuse(calls)
      const outcomes = await Promise.allSettled(Array.from({ length: calls }, () => call(url)))
      const failed = outcomes.filter(({ status }) => status === 'rejected').length
      const sent = stub.requests - before
      if (refreshes === 1 && sent === 2 * calls && failed === 0) return undefined
      return `${refreshes} refreshes, ${sent} requests, ${failed} calls failed`
    },
  })

  return [
    storm('ideal loop', (getToken) => idealLoop(send, getToken)),
    storm('hand-written', (getToken) => handWritten(send, getToken)),
    storm('reauth', (getToken) => createFetch(signedIn(getToken), { fetch: send })),
    storm('@badgateway/oauth2-client', badgateway),
    storm('axios-auth-refresh', (getToken) => axiosAuthRefresh(send, getToken)),
  ]
}
