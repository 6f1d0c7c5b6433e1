import { kyAuth } from '@reauth/fetch/ky'
import ky, { type KyInstance } from 'ky'

import { kyByHand } from '../contenders/ky-by-hand.ts'
import { signedIn } from '../contenders/reauth.ts'
import type { Contender } from '../measure.ts'
import { oneByOne } from '../one-by-one.ts'
import type { Stub } from '../stub.ts'

const calls = 2000
const url = 'https://api.test/items/1'

/** Calls through ky, one after the other, none of which is refused. */
export function kyCalls({ fetch: send }: Stub, json?: object): Contender[] {
  const never = (): Promise<never> => Promise.reject(new Error('Nobody was refused'))
  const through = (name: string, api: KyInstance): Contender => ({
    name,
    calls,
    run: oneByOne(calls, () => (json === undefined ? api(url) : api.post(url, { json }))),
  })
  return [
    through('ky alone', ky.create({ fetch: send })),
    through('ky with hooks by hand', kyByHand(send, never)),
    through('ky with kyAuth', ky.create({ fetch: send, ...kyAuth(signedIn(never)) })),
  ]
}
