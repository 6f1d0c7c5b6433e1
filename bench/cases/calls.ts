import { createFetch } from '@reauth/fetch'

import { axiosAuthRefresh } from '../contenders/axios-auth-refresh.ts'
import { badgateway } from '../contenders/badgateway.ts'
import { handWritten } from '../contenders/hand-written.ts'
import { signedIn } from '../contenders/reauth.ts'
import type { Contender } from '../measure.ts'
import { oneByOne } from '../one-by-one.ts'
import type { Stub } from '../stub.ts'

const url = 'https://api.test/items/1'
const headers = { accept: 'application/json', 'content-type': 'application/json', 'x-request-id': '4711' }
const body = JSON.stringify({ name: 'bench', values: [1, 2, 3] })

// About as much work for each of them.
const light = 100_000
const heavy = 5000

/** Calls one after the other, none of which is refused. */
export function getCalls(stub: Stub): Contender[] {
  return contenders(stub, undefined)
}

/** The same with three headers and a string as body. */
export function postCalls(stub: Stub): Contender[] {
  return contenders(stub, { method: 'POST', headers, body })
}

function contenders({ fetch: send }: Stub, init: RequestInit | undefined): Contender[] {
  const never = (): Promise<never> => Promise.reject(new Error('Nobody was refused'))
  const through = (name: string, calls: number, call: typeof fetch): Contender => ({
    name,
    calls,
    run: oneByOne(calls, () => call(url, init)),
  })
  const axiosCall = axiosAuthRefresh(send, never)
  const config = init && { method: 'POST', headers, data: body }
  return [
    through('bare fetch', light, send),
    through('hand-written', light, handWritten(send, never)),
    through('reauth', light, createFetch(signedIn(never), { fetch: send })),
    through('@badgateway/oauth2-client', heavy, badgateway(never)),
    { name: 'axios-auth-refresh', calls: heavy, run: oneByOne(heavy, () => axiosCall(url, config)) },
  ]
}
