import { adapterContract, type UseResult } from '@reauth/testkit'
import { describe, it } from 'vitest'

import { header } from '../src/header.ts'
import { socketClass } from '../src/socket-class.ts'
import { fetchingTransport } from './support/fetching-transport.ts'

/** A socket that is made while nobody is signed in waits for a sign-in: that is no failure of its use. */
const inapplicable = ['asks for a sign-in when the issuer rejects the refresh, and sends nothing from then on']

describe('the class for other clients', () => {
  const contract = adapterContract(({ source, issuer }) => {
    const Class = socketClass(source, { placement: header() }, fetchingTransport(issuer.fetch))
    return {
      use: (url, { signal } = {}) =>
        new Promise<UseResult>((resolve, reject) => {
          signal?.throwIfAborted()
          const socket = new Class(url)
          signal?.addEventListener('abort', () => {
            reject(signal.reason as Error)
            socket.close()
          })
          socket.addEventListener('open', () => {
            resolve('ok')
            socket.close()
          })
          socket.addEventListener('error', (event) => {
            const { error } = event as Event & { error: Error }
            if (error.name === 'PermissionDeniedError') resolve('denied')
            else reject(error)
          })
        }),
    }
  })
  for (const { title, run } of contract.filter((one) => !inapplicable.includes(one.title))) it(title, run)
})
