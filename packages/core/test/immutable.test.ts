import { expect, it } from 'vitest'

import { staticSource } from '../src/static-source.ts'
import { createStage } from './support/stage.ts'

it('nobody can change what everybody is given: neither a credential nor a state', async () => {
  const { session, signIn } = createStage()
  const seen: object[] = [session.state, await staticSource('token').acquire()]
  const look = async (): Promise<void> => void seen.push(session.state, await session.acquire())
  await signIn()
  await look()
  await session.refresh()
  await look()
  session.expire()
  seen.push(session.state)
  await look()
  await session.signOut()
  seen.push(session.state)
  expect(seen.filter((each) => !Object.isFrozen(each))).toEqual([])
})
