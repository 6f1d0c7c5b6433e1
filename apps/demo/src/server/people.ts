/** Somebody who has an account at the demo's issuer. */
export interface Person {
  readonly id: string
  readonly name: string
}

/** Everybody who can sign in, without typing. */
export const people: readonly Person[] = [
  { id: 'ada', name: 'Ada Lovelace' },
  { id: 'grace', name: 'Grace Hopper' },
]

/** Finds an account by its subject identifier. */
export const findPerson = (id: string | null | undefined): Person | undefined => people.find((one) => one.id === id)
