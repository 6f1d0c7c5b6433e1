import type { TokenStorage } from '../../src/storage.ts'

/** A storage whose every answer takes a turn, as with one over a network. */
export function asyncStorage(storage: TokenStorage): TokenStorage {
  const { request, replaceItem } = storage
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
  return {
    async getItem(key) {
      await turn()
      return storage.getItem(key)
    },
    async setItem(key, value) {
      await turn()
      await storage.setItem(key, value)
    },
    async removeItem(key) {
      await turn()
      await storage.removeItem(key)
    },
    ...(request !== undefined && { request }),
    ...(replaceItem !== undefined && {
      async replaceItem(key, expected, next) {
        await turn()
        return replaceItem(key, expected, next)
      },
    }),
  }
}
