import { settle } from '@reauth/testkit'
import { expect, it } from 'vitest'

it('settle waits for promise callbacks however long their chain, and for some hashes and bodies after each other', async () => {
  const done: string[] = []
  const callbacks = async (): Promise<void> => {
    for (let step = 0; step < 1000; step++) await Promise.resolve()
    done.push('callbacks')
  }
  const work = async (): Promise<void> => {
    for (let step = 0; step < 2; step++) {
      await crypto.subtle.digest('SHA-256', new Uint8Array(100))
      await new Request('https://a.test/', { method: 'POST', body: 'text' }).text()
    }
    done.push('work')
  }

  const both = Promise.all([callbacks(), work()])
  await settle()

  expect(done).toEqual(['callbacks', 'work'])
  await both
})
