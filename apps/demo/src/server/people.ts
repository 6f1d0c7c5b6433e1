import { people, type Profile } from '../contract.ts'

/** Finds an account by its subject identifier. */
export const findPerson = (id: string | null | undefined): Profile | undefined => people.find((one) => one.id === id)
