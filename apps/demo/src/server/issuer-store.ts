import { type Adapter, type AdapterPayload, errors } from 'oidc-provider'

/** What an issuer remembers: tokens, codes, grants, sessions. In memory, and gone with the process. */
export interface IssuerStore {
  /** The port that oidc-provider asks for, one adapter per kind of record. */
  adapter(model: string): Adapter
  /** Lists the records of a kind that are alive and not used up, by their ids, oldest first. */
  alive(model: string): [id: string, payload: AdapterPayload][]
  /** Forgets a record. */
  destroy(model: string, id: string): void
  /** Forgets every record of a kind, and says how many were still alive. */
  destroyAll(model: string): number
}

interface Entry {
  readonly payload: AdapterPayload
  readonly expiresAt: number
}
type Shelf = Map<string, Entry>

const isAlive = (entry: Entry | undefined): entry is Entry => entry !== undefined && entry.expiresAt > Date.now()

/**
 * Creates an empty store. oidc-provider's own keeps the newest 1,000 records only, and would lose a grant in a long soak.
 * A refresh token that was used may be used again for `graceSeconds`.
 */
export function createIssuerStore(graceSeconds: () => number): IssuerStore {
  const shelves = new Map<string, Shelf>()
  const shelfOf = (model: string): Shelf => {
    const shelf = shelves.get(model) ?? new Map<string, Entry>()
    shelves.set(model, shelf)
    return shelf
  }
  const alive = (model: string): [string, AdapterPayload][] =>
    [...shelfOf(model)]
      .filter(([, entry]) => isAlive(entry) && !entry.payload.consumed)
      .map(([id, { payload }]) => [id, payload])

  return {
    adapter: (model) => createAdapter(model, shelfOf(model), model === 'RefreshToken' ? graceSeconds : () => 0),
    alive,
    destroy(model, id) {
      shelfOf(model).delete(id)
    },
    destroyAll(model) {
      const { length } = alive(model)
      shelfOf(model).clear()
      return length
    },
  }
}

function createAdapter(model: string, shelf: Shelf, graceSeconds: () => number): Adapter {
  const find = (id: string): AdapterPayload | undefined => {
    const entry = shelf.get(id)
    return isAlive(entry) ? entry.payload : undefined
  }
  const findWhere = (matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined =>
    [...shelf.values()].find((entry) => isAlive(entry) && matches(entry.payload))?.payload
  const isUsedUp = ({ consumed }: AdapterPayload): boolean =>
    typeof consumed === 'number' && consumed + graceSeconds() <= epochSeconds()

  return {
    async upsert(id, payload, expiresIn) {
      for (const [key, entry] of shelf) if (!isAlive(entry)) shelf.delete(key)
      shelf.set(id, { payload, expiresAt: expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000 })
    },
    async find(id) {
      const payload = find(id)
      if (payload === undefined || isUsedUp(payload)) return payload
      const { consumed: _consumed, ...unused } = payload
      return unused
    },
    findByUid: async (uid) => findWhere((payload) => payload.uid === uid),
    findByUserCode: async (code) => findWhere((payload) => payload.userCode === code),
    // no await between the look and the mark: two requests with one refresh token cannot both pass
    async consume(id) {
      const payload = find(id)
      if (payload === undefined || isUsedUp(payload)) throw new errors.InvalidGrant(`${wording(model)} already used`)
      payload.consumed ??= epochSeconds()
    },
    async destroy(id) {
      shelf.delete(id)
    },
    async revokeByGrantId(grantId) {
      for (const [id, { payload }] of shelf) if (payload.grantId === grantId) shelf.delete(id)
    },
  }
}

const epochSeconds = (): number => Math.floor(Date.now() / 1000)

/** `RefreshToken` → `refresh token`, as oidc-provider words it. */
const wording = (model: string): string => model.replaceAll(/(?!^)([A-Z])/g, ' $1').toLowerCase()
