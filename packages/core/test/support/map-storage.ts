import type { TokenStorage } from '../../src/storage.ts'

/** A storage whose items a test can see and change: sync, or async, or one that gives the objects that JSON stands for. */
export function mapStorage({ isAsync = false, parses = false }: { isAsync?: boolean; parses?: boolean } = {}): {
  readonly items: Map<string, string>
  readonly storage: Pick<TokenStorage, 'getItem' | 'setItem' | 'removeItem'>
} {
  const items = new Map<string, string>()
  const answer = <T>(value: T): T | Promise<T> => (isAsync ? Promise.resolve(value) : value)
  return {
    items,
    storage: {
      getItem(key) {
        const item = items.get(key)
        return answer(item !== undefined && parses ? (JSON.parse(item) as unknown) : (item ?? null))
      },
      setItem: (key, value) => answer(void items.set(key, value)),
      removeItem: (key) => answer(void items.delete(key)),
    },
  }
}
