import { describe, expect, it } from 'vitest'

import { createExternalSession } from '../src/external-session.ts'
import { createDesk, type Desk } from './support/desk.ts'
import { faultyStorage } from './support/faulty-storage.ts'
import { mapStorage } from './support/map-storage.ts'

const alone = { storage: undefined }
const signIn = (desk: Desk, { session }: ReturnType<Desk['openTab']>, identity = 'alice'): Promise<void> =>
  session.signIn(desk.issuer.signIn({ identity }).tokens)

describe('a sign-out in a tab that shares no store with this one', () => {
  it('is one here, too, for who had signed in before', async () => {
    const desk = createDesk()
    const [one, other] = [desk.openTab(alone), desk.openTab(alone)]
    await signIn(desk, one)
    for (const identity of ['alice', 'bob', 'carol']) await signIn(desk, other, identity)
    const { signal } = other.session
    desk.clock.jump(1)
    await one.session.signOut()
    await desk.clock.advance(0)
    expect(other.session.state).toEqual({ status: 'signed-out' })
    expect(signal.reason).toMatchObject({ reason: 'signed-out' })
  })

  it('is none for who has signed in since', async () => {
    const desk = createDesk()
    const [one, other] = [desk.openTab(alone), desk.openTab(alone)]
    for (const identity of ['alice', 'bob']) await signIn(desk, one, identity)
    desk.clock.jump(1)
    await one.session.signOut()
    desk.clock.jump(1)
    await signIn(desk, other)
    await desk.clock.advance(0)
    expect(other.session.state).toMatchObject({ status: 'active', epoch: 1 })
  })

  it.each([
    [1, 'signed-out'],
    [2, 'active'],
    [3, 'active'],
  ])('is told by its epoch 2 from the sign-in of epoch %i in the same millisecond: %s', async (epoch, status) => {
    const desk = createDesk()
    const [one, other] = [desk.openTab(alone), desk.openTab(alone)]
    await signIn(desk, one)
    for (let at = 1; at <= epoch; at++) await signIn(desk, other, `person ${at}`)
    expect(other.session.state).toMatchObject({ epoch })
    await one.session.signOut()
    await desk.clock.advance(0)
    expect(other.session.state).toMatchObject({ status })
  })

  it('is no news for one that does not know yet whether somebody is signed in', async () => {
    const desk = createDesk()
    const one = desk.openTab(alone)
    const { platform } = desk.browser.openPage()
    const other = createExternalSession({ getToken: async () => 'token', platform })
    await signIn(desk, one)
    await one.session.signOut()
    await desk.clock.advance(0)
    expect(other.state).toEqual({ status: 'loading' })
    expect(await other.acquire()).toMatchObject({ epoch: 1, version: 1 })
    await other[Symbol.asyncDispose]()
  })

  it('counts, whether the store here has failed or knows nothing of it', async () => {
    const desk = createDesk()
    const faulty = faultyStorage()
    const [one, other, sound] = [
      desk.openTab(alone),
      desk.openTab({ storage: faulty.storage }),
      desk.openTab({ storage: mapStorage().storage }),
    ]
    faulty.fault = 'throws'
    for (const tab of [one, other, sound]) await signIn(desk, tab)
    desk.clock.jump(1)
    await one.session.signOut()
    await desk.clock.advance(0)
    expect(other.session.state).toEqual({ status: 'signed-out' })
    expect(sound.session.state).toEqual({ status: 'signed-out' })
    faulty.fault = undefined
  })

  it('is no sign-out of this tab: who has signed in since counts, also where this one could not see so', async () => {
    const desk = createDesk()
    const faulty = faultyStorage()
    const [one, other] = [desk.openTab(alone), desk.openTab({ storage: faulty.storage })]
    for (const tab of [one, other]) await signIn(desk, tab)
    const since = desk.openTab({ storage: { ...faulty.storage } })
    await since.session.ready
    desk.clock.jump(1)
    faulty.fault = 'throws'
    await one.session.signOut()
    await desk.clock.advance(0)
    expect(other.session.state).toEqual({ status: 'signed-out' })
    faulty.fault = undefined
    await signIn(desk, since, 'bob')
    await desk.clock.advance(5000)
    expect(other.session.state).toMatchObject({ status: 'active', identity: 'https://issuer.test#bob' })
    expect(since.session.state).toEqual(other.session.state)
  })

  it('is not what a sign-in there means', async () => {
    const desk = createDesk()
    const [one, other] = [desk.openTab(), desk.openTab(alone)]
    await signIn(desk, other)
    for (const identity of ['alice', 'bob']) await signIn(desk, one, identity)
    await desk.clock.advance(0)
    expect(one.session.state).toMatchObject({ epoch: 2 })
    expect(other.session.state).toMatchObject({ status: 'active', epoch: 1 })
  })
})

describe('a page that is frozen', () => {
  it('begins no read, whatever it hears of, and has everything once it wakes', async () => {
    const { storage } = mapStorage({ isAsync: true })
    let reads = 0
    const counting = {
      ...storage,
      getItem: (key: string) => {
        reads++
        return storage.getItem(key)
      },
    }
    const desk = createDesk({ storage })
    const one = desk.openTab()
    const frozen = desk.openTab({ storage: counting })
    await frozen.session.ready
    frozen.page.tell('freeze')
    reads = 0
    await signIn(desk, one)
    await desk.clock.advance(0)
    frozen.page.tell('visibilitychange')
    frozen.page.tell('storage', { key: 'reauth' })
    await desk.clock.advance(0)
    expect(reads).toBe(0)
    frozen.page.tell('resume')
    expect(await frozen.session.acquire()).toMatchObject({ epoch: 1, version: 1 })
    expect(reads).toBeGreaterThan(0)
  })

  it('goes on where it has no store to look into', async () => {
    const desk = createDesk()
    const tab = desk.openTab(alone)
    await signIn(desk, tab)
    for (const type of ['freeze', 'resume', 'visibilitychange', 'online']) tab.page.tell(type)
    expect(await tab.session.acquire()).toMatchObject({ epoch: 1, version: 1 })
  })
})
