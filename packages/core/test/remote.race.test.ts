import fc, { type Arbitrary, type Scheduler } from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type AuthenticationError, authenticationError, isReauthError, RefreshError } from '../src/errors.ts'
import { connectSession, type EventTargetPort, exposeSession, type RemoteSession } from '../src/remote.ts'
import type { SessionState } from '../src/session-state.ts'
import { createOwner, credential, type Owner } from './support/owner.ts'
import { raceRuns, replay } from './support/race-runs.ts'

/** A pair of ports: messages of one direction keep their order, and arrive when the scheduler says so. */
function createPair(scheduler: Scheduler, said: unknown[]): [near: EventTargetPort, far: EventTargetPort] {
  const listeners = [new Set<(event: unknown) => void>(), new Set<(event: unknown) => void>()] as const
  const end = (own: 0 | 1): EventTargetPort => {
    let last: Promise<unknown> = Promise.resolve()
    return {
      addEventListener(type, listener) {
        if (type === 'message') listeners[own].add(listener)
      },
      removeEventListener: (_, listener) => listeners[own].delete(listener),
      postMessage(message) {
        const data: unknown = structuredClone(message)
        said.push(data)
        const before = last
        last = scheduler.schedule(Promise.resolve(), `${own}: ${(data as { type: string }).type}`)
        const mine = last
        last = before
          .then(() => mine)
          .then(() => {
            for (const listener of listeners[1 - own] ?? []) listener({ data })
          })
      },
    }
  }
  return [end(0), end(1)]
}

type Step =
  | { readonly at: 'owner'; readonly do: 'refreshed' | 'signedIn' | 'signedOut' | 'expired' | 'answer' | 'fail' }
  | { readonly at: 'far'; readonly do: 'acquire' | 'leave' | 'refresh' | 'signIn' | 'signOut' | 'expire' | 'hold' }

const step: Arbitrary<Step> = fc.oneof(
  fc.record({
    at: fc.constant('owner' as const),
    do: fc.constantFrom('refreshed', 'refreshed', 'signedIn', 'signedOut', 'expired', 'answer', 'answer', 'fail'),
  }),
  fc.record({
    at: fc.constant('far' as const),
    do: fc.constantFrom('acquire', 'acquire', 'leave', 'refresh', 'signIn', 'signOut', 'expire', 'hold'),
  }),
)

/** Moves a session as a real one would move: epochs and versions only grow. */
function moves(owner: Owner): { readonly [Name in (Step & { at: 'owner' })['do']]: () => void } {
  let epoch = 1
  let version = 1
  const settle = (how: (asked: Owner['asked'][number]) => void): void => {
    for (const asked of owner.asked.splice(0, 1)) how(asked)
  }
  const end = (reason: AuthenticationError['reason']): AuthenticationError | undefined =>
    owner.session.state.status === 'active' ? authenticationError(reason) : undefined
  const arrive = (error?: AuthenticationError): void => {
    owner.move({ status: 'active', epoch, version: ++version }, error)
    const held = owner.holds.filter(({ isDisposed }) => !isDisposed)
    for (const { onCredential } of held) onCredential?.(credential(version, epoch))
  }
  return {
    refreshed() {
      if (owner.session.state.status !== 'signed-out') arrive()
    },
    signedIn() {
      epoch++
      arrive(end('switched'))
    },
    signedOut() {
      epoch++
      owner.move({ status: 'signed-out' }, end('signed-out'))
    },
    expired() {
      if (owner.session.state.status !== 'active') return
      const error = authenticationError('expired')
      owner.move({ status: 'expired', epoch, version, error }, error)
    },
    answer: () => {
      settle(({ resolve }) => {
        const { state } = owner.session
        resolve(credential('version' in state ? state.version : 0, epoch))
      })
    },
    fail: () => {
      settle(({ reject }) => {
        reject(new RefreshError('later', { reason: 'unavailable' }))
      })
    },
  }
}

/** Watches a far end: each credential comes after the state that shows it, each signal ends once its period does. */
function watch(remote: RemoteSession): { readonly epochs: number[]; saw(version: number): void } {
  const epochs: number[] = []
  let newest = 0
  remote.subscribe(() => {
    const { state, signal } = remote
    if ('epoch' in state) {
      epochs.push(state.epoch)
      newest = Math.max(newest, state.version)
    }
    expect(signal.aborted).toBe(state.status !== 'active')
  })
  return {
    epochs,
    saw(version) {
      expect(version, 'the state that shows it came first').toBeLessThanOrEqual(newest)
    },
  }
}

interface Run {
  readonly scheduler: Scheduler
  readonly near: Step[]
  readonly far: Step[][]
  readonly isFirst: boolean
}

/** Until nothing is on its way: a message that is delivered has still to come after those before it. */
async function quiet(scheduler: Scheduler): Promise<void> {
  do {
    await scheduler.waitIdle()
    await new Promise((resolve) => setImmediate(resolve))
  } while (scheduler.count() > 0)
}

async function play({ scheduler, near: ownerSteps, far: farSteps, isFirst }: Run): Promise<void> {
  const said: unknown[] = []
  const [near, far] = createPair(scheduler, said)
  const owner = createOwner({ status: 'active', epoch: 1, version: 1 })
  const move = moves(owner)
  owner.session.signOut = async () => {
    move.signedOut()
  }
  owner.session.signIn = async () => {
    move.signedIn()
  }
  owner.session.expire = move.expired
  const early = isFirst ? exposeSession(owner.session, near) : undefined
  const remote = connectSession(far)
  const stop = early ?? exposeSession(owner.session, near)
  const { epochs, saw } = watch(remote)
  const waits: Promise<unknown>[] = []
  const controllers: AbortController[] = []
  const versions: number[] = []

  const act = (doing: Step['do']): void => {
    const wait = (promise: Promise<unknown>): void => {
      waits.push(promise.catch((error: unknown) => expect(isReauthError(error) || error === 'left').toBe(true)))
    }
    if (doing === 'acquire') {
      const controller = new AbortController()
      controllers.push(controller)
      wait(remote.acquire({ signal: controller.signal }).then(({ version }) => saw(version)))
    } else if (doing === 'leave') controllers.shift()?.abort('left')
    else if (doing === 'refresh') wait(remote.refresh().then(({ version }) => saw(version)))
    else if (doing === 'signIn')
      wait(remote.signIn({ accessToken: 'access-0', refreshToken: 'secret', idToken: 'secret' }))
    else if (doing === 'signOut') {
      wait(remote.signOut())
      expect(remote.state).toEqual({ status: 'signed-out' })
    } else if (doing === 'expire') remote.expire()
    else if (doing === 'hold') {
      remote.hold({
        onCredential({ version }) {
          versions.push(version)
          saw(version)
        },
      })
    } else move[doing]()
  }
  const run = async (steps: Step[]): Promise<void> => {
    for (const { at, do: doing } of steps) {
      await scheduler.schedule(Promise.resolve(), `${at}: ${doing}`)
      act(doing)
    }
  }
  const all = Promise.all([ownerSteps, ...farSteps].map(run))
  await scheduler.waitFor(all)
  await quiet(scheduler)
  const shown = ({ status, ...state }: SessionState): unknown => [status, 'version' in state && state.version]
  expect(shown(remote.state)).toEqual(shown(owner.session.state))
  expect(remote.signal.aborted).toBe(remote.state.status !== 'active')
  expect(epochs).toEqual(epochs.toSorted((a, b) => a - b))
  expect(owner.asked.every(({ signal }) => signal?.aborted !== undefined || signal === undefined)).toBe(true)

  if (isFirst) stop()
  else void remote[Symbol.asyncDispose]()
  await quiet(scheduler)
  await Promise.all(waits)
  expect(owner.listenerCount()).toBe(0)
  expect(owner.holds.every(({ isDisposed }) => isDisposed)).toBe(true)
  stop()
  const leaks = said.filter((message) => /secret|refreshToken|idToken|cause|stack/.test(JSON.stringify(message)))
  expect(leaks.every((message) => (message as { type: string }).type === 'signIn')).toBe(true)
}

describe(`a session across a port in any interleaving (${raceRuns} runs)`, { timeout: 5000 + raceRuns * 60 }, () => {
  it('settles every promise, shows what the owner shows, and lets no token but access tokens across', async () => {
    const steps = fc.array(step, { minLength: 1, maxLength: 8, size: 'max' })
    const run: Arbitrary<Run> = fc.record({
      scheduler: fc.scheduler(),
      near: steps,
      far: fc.array(steps, { minLength: 1, maxLength: 3 }),
      isFirst: fc.boolean(),
    })
    await fc.assert(fc.asyncProperty(run, play), { numRuns: raceRuns, ...replay })
  })
})
