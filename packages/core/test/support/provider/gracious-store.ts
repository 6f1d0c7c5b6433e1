import type { Adapter, AdapterPayload } from 'oidc-provider'

interface Entry {
  readonly payload: AdapterPayload
  readonly expiresAt: number
}

/**
 * Returns what oidc-provider keeps its records in, by their kind. A refresh token that was used looks as if it were not
 * for a while: who has lost the answer gets another. After that its use is reuse.
 */
export function createGraciousStore(graceMs: number): (model: string) => Adapter {
  const shelves = new Map<string, Map<string, Entry>>()

  return (model) => {
    const shelf = shelves.get(model) ?? new Map<string, Entry>()
    shelves.set(model, shelf)
    const firstUsed = new Map<string, number>()
    const alive = (id: string): AdapterPayload | undefined => {
      const entry = shelf.get(id)
      return entry !== undefined && entry.expiresAt > Date.now() ? entry.payload : undefined
    }
    return {
      async upsert(id, payload, expiresIn) {
        shelf.set(id, { payload, expiresAt: expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000 })
      },
      async find(id) {
        const payload = alive(id)
        const isGraced = model === 'RefreshToken' && Date.now() - (firstUsed.get(id) ?? 0) < graceMs
        if (payload === undefined || !isGraced) return payload
        const { consumed: _consumed, ...unused } = payload
        return unused
      },
      findByUid: async (uid) => [...shelf.keys()].map(alive).find((payload) => payload?.uid === uid),
      findByUserCode: async () => undefined,
      async consume(id) {
        const payload = alive(id)
        if (!firstUsed.has(id)) firstUsed.set(id, Date.now())
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000)
      },
      async destroy(id) {
        shelf.delete(id)
      },
      async revokeByGrantId(grantId) {
        for (const [id, { payload }] of shelf) if (payload.grantId === grantId) shelf.delete(id)
      },
    }
  }
}
