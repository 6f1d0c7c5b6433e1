import type { StoragePromise } from './storage-promise.ts'

/** A record and a mark, as a session writes them. */
const record = JSON.stringify({ format: 1, epoch: 1, version: 2, tokens: { accessToken: 'a.b.c' }, receivedAt: 1e12 })
const mark = '1:2'

/** Items, one by one. */
export const items: readonly StoragePromise[] = [
  {
    title: 'gives what was set, as the text or as the object in it',
    async play({ storage, assertItem }) {
      await storage.setItem('reauth', record)
      await storage.setItem('reauth.epoch', mark)
      await assertItem('reauth', record, 'The record')
      await assertItem('reauth.epoch', mark, 'The mark')
    },
  },
  {
    title: 'gives null or undefined for what was never set',
    play: ({ assertItem }) => assertItem('reauth', null, 'The item'),
  },
  {
    title: 'gives what was set last',
    async play({ storage, other, assertItem }) {
      await storage.setItem('reauth', mark)
      await other.setItem('reauth', record)
      await assertItem('reauth', record, 'The item after the second call')
      await storage.setItem('reauth', mark)
      await assertItem('reauth', mark, 'The item after the third call')
    },
  },
  {
    title: 'forgets what is removed, and takes the removal of what is absent',
    async play({ storage, other, assertItem }) {
      await storage.setItem('reauth', record)
      await other.removeItem('reauth')
      await assertItem('reauth', null, 'The removed item')
      await storage.removeItem('reauth')
      await storage.setItem('reauth', mark)
      await assertItem('reauth', mark, 'The item that was set again')
    },
  },
  {
    title: 'keeps one item whatever becomes of the others',
    async play({ storage, assertItem }) {
      const keys = ['reauth', 'reauth.epoch', 'reauth-2', 'réauth']
      await Promise.all(keys.map((key) => storage.setItem(key, `item of ${key}`)))
      await storage.removeItem('reauth')
      await storage.setItem('reauth-2', mark)
      await assertItem('reauth', null, 'The removed item')
      await assertItem('reauth.epoch', 'item of reauth.epoch', 'The item with a longer key')
      await assertItem('reauth-2', mark, 'The item that was overwritten')
      await assertItem('réauth', 'item of réauth', 'The item beyond ASCII')
    },
  },
  {
    title: 'keeps every character',
    async play({ storage, assertItem }) {
      const text = JSON.stringify({ identity: 'Zoë 山田 🔑 \u0000 \u2028 " \\ \ufeff e\u0301', padding: ' \n\t' })
      await storage.setItem('reauth', text)
      await assertItem('reauth', text, 'The item')
    },
  },
  {
    title: 'keeps a megabyte',
    async play({ storage, assertItem }) {
      const text = JSON.stringify({ scope: 'é1'.repeat(2 ** 19) })
      await storage.setItem('reauth', text)
      await assertItem('reauth', text, 'The item')
    },
  },
]
