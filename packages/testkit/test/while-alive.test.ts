import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { createIssuer, hang, settle } from '@reauth/testkit'
import { expect, it } from 'vitest'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

it('a sender who gives up is heard even when all else has forgotten the request', async () => {
  const giveUp = new AbortController()
  const sending = send(giveUp.signal)
  for (let round = 0; round < 3; round++) {
    await settle()
    collectGarbage()
  }
  giveUp.abort(new Error('Changed my mind'))
  await expect(sending).rejects.toThrow('Changed my mind')
})

/** In a function of its own, so that no variable outlives the call. */
function send(signal: AbortSignal): Promise<Response> {
  const issuer = createIssuer()
  issuer.apiFaults.next(hang())
  return issuer.fetch(new Request(issuer.url('/api/item'), { signal }))
}
