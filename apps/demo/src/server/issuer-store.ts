import { type Adapter, type AdapterPayload, errors } from 'oidc-provider'

/** What the issuer remembers: tokens, codes, grants, sessions. In memory, and gone with the process. */
export interface IssuerStore {
  /** The port that oidc-provider asks for, one adapter per kind of record. */
  adapter(model: string): Adapter
  /** Forgets every record of a kind, and says how many were still alive. */
  destroyAll(model: string): number
}

interface Entry {
  readonly payload: AdapterPayload
  readonly expiresAt: number
}
type Shelf = Map<string, Entry>

const isAlive = (entry: Entry | undefined): entry is Entry => entry !== undefined && entry.expiresAt > Date.now()

/** Creates an empty store. oidc-provider's own keeps the newest 1,000 records only, and would lose a grant in a long soak. */
export function createIssuerStore(): IssuerStore {
  const shelves = new Map<string, Shelf>()
  const shelfOf = (model: string): Shelf => {
    const shelf = shelves.get(model) ?? new Map<string, Entry>()
    shelves.set(model, shelf)
    return shelf
  }
  return {
    adapter: (model) => createAdapter(model, shelfOf(model)),
    destroyAll(model) {
      const shelf = shelfOf(model)
      const alive = [...shelf.values()].filter((entry) => isAlive(entry) && !entry.payload.consumed).length
      shelf.clear()
      return alive
    },
  }
}

function createAdapter(model: string, shelf: Shelf): Adapter {
  const find = (id: string): AdapterPayload | undefined => {
    const entry = shelf.get(id)
    return isAlive(entry) ? entry.payload : undefined
  }
  const findWhere = (matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined =>
    [...shelf.values()].find((entry) => isAlive(entry) && matches(entry.payload))?.payload

  return {
    async upsert(id, payload, expiresIn) {
      for (const [key, entry] of shelf) if (!isAlive(entry)) shelf.delete(key)
      shelf.set(id, { payload, expiresAt: expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000 })
    },
    find: async (id) => find(id),
    findByUid: async (uid) => findWhere((payload) => payload.uid === uid),
    findByUserCode: async (code) => findWhere((payload) => payload.userCode === code),
    // no await between the look and the mark: two requests with one refresh token cannot both pass
    async consume(id) {
      const payload = find(id)
      if (payload === undefined || payload.consumed) throw new errors.InvalidGrant(`${wording(model)} already used`)
      payload.consumed = Math.floor(Date.now() / 1000)
    },
    async destroy(id) {
      shelf.delete(id)
    },
    async revokeByGrantId(grantId) {
      for (const [id, { payload }] of shelf) if (payload.grantId === grantId) shelf.delete(id)
    },
  }
}

/** `RefreshToken` → `refresh token`, as oidc-provider words it. */
const wording = (model: string): string => model.replaceAll(/(?!^)([A-Z])/g, ' $1').toLowerCase()
