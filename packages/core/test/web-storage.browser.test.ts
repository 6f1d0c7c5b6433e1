import { storageContract } from '@reauth/testkit'
import { describe, it } from 'vitest'

describe.each([
  ['localStorage', localStorage],
  ['sessionStorage', sessionStorage],
])('%s as it is', (_, storage) => {
  const contract = storageContract({
    create() {
      storage.clear()
      return storage
    },
    close: () => {
      storage.clear()
    },
  })
  for (const { title, run } of contract) it(title, run)
})
