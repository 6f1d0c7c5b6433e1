import ky, { type KyInstance } from 'ky'

import type { GetToken } from './hand-written.ts'

/** ky with the hooks that applications write. */
export function kyByHand(send: typeof fetch, getToken: GetToken): KyInstance {
  let token = 'a1'
  let refreshing: Promise<string> | undefined
  return ky.create({
    fetch: send,
    hooks: {
      beforeRequest: [
        ({ request }) => {
          request.headers.set('authorization', `Bearer ${token}`)
        },
      ],
      afterResponse: [
        async ({ request, response }) => {
          if (response.status !== 401) return undefined
          refreshing ??= getToken().finally(() => {
            refreshing = undefined
          })
          token = await refreshing
          const again = new Request(request)
          again.headers.set('authorization', `Bearer ${token}`)
          return send(again)
        },
      ],
    },
  })
}
