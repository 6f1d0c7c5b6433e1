import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'

import { describe, expect, it, onTestFinished } from 'vitest'

import { authenticationError } from '../src/errors.ts'
import { connectSession, exposeSession } from '../src/remote.ts'
import { failureOf } from './support/failure-of.ts'
import { active, createOwner, credential, type Owner } from './support/owner.ts'

const script = new URL('./support/remote-thread.ts', import.meta.url)

interface Thread {
  readonly worker: Worker
  readonly exited: Promise<unknown>
  /** What it said since it started. */
  readonly said: unknown[]
  hears(count: number): Promise<void>
}

/** Starts a worker that uses the session of the owner. */
function start(owner: Owner, workerData: string): Thread {
  const worker = new Worker(script, { workerData })
  const stop = exposeSession(owner.session, worker)
  const said: unknown[] = []
  worker.on('message', (message: { said?: unknown }) => {
    if ('said' in message) said.push(message.said)
  })
  onTestFinished(async () => {
    stop()
    await worker.terminate()
  })
  const exited = once(worker, 'exit').then(([code]) => code as unknown)
  const hears = async (count: number): Promise<void> => {
    await expect.poll(() => said.length, { timeout: 10_000 }).toBe(count)
  }
  return { worker, exited, said, hears }
}

/** Answers every wait with the next version. */
function answering(): Owner {
  const owner = createOwner()
  const { session } = owner
  let version = 1
  session.acquire = async ({ refused } = {}) => {
    if (refused !== undefined) owner.move(active(++version))
    return credential(version)
  }
  return owner
}

describe('a session in another thread', { timeout: 30_000 }, () => {
  it('has its credentials from the thread with the tokens, and lets it end', async () => {
    const { said, exited } = start(answering(), 'acquire')
    expect(await exited).toBe(0)
    expect(said).toEqual([['access-1', 1, active()]])
  })

  it('says when a server refused one', async () => {
    const { said, exited } = start(answering(), 'refuse')
    expect(await exited).toBe(0)
    expect(said).toEqual([2])
  })

  it('hears of the end, as an error of its own package', async () => {
    const owner = createOwner()
    const { said, hears, exited } = start(owner, 'await the end')
    await hears(1)
    const error = authenticationError('expired')
    owner.move({ status: 'expired', epoch: 1, version: 1, error }, error)
    await hears(2)
    expect(said[1]).toEqual([true, 'expired', true])
    expect(await exited).toBe(0)
  })

  it('does not keep its thread alive by being connected', async () => {
    const { said, exited } = start(createOwner(), 'idle')
    expect(await exited).toBe(0)
    expect(said).toEqual(['connected'])
  })

  it('does not keep its thread alive once it is disposed', async () => {
    const { exited } = start(createOwner(), 'dispose')
    expect(await exited).toBe(0)
  })

  it('leaves nothing at the owner when its thread exits, however it does', async () => {
    const owner = createOwner()
    const { worker, exited, hears } = start(owner, 'await the end')
    await hears(1)
    expect(owner.holds).toHaveLength(1)
    await worker.terminate()
    await exited
    expect(owner.listenerCount()).toBe(0)
    expect(owner.holds[0]?.isDisposed).toBe(true)
  })

  it('may live in a thread, which then goes on to serve until it is terminated', async () => {
    const worker = new Worker(script, { workerData: 'own' })
    const remote = connectSession(worker)
    expect((await remote.acquire()).accessToken).toBe('own')
    await worker.terminate()
    expect(await failureOf(remote.acquire())).toMatchObject({ reason: 'disposed' })
  })

  it('leaves a thread alive that has come to listen for its own work', async () => {
    const { worker, said, hears, exited } = start(createOwner(), 'work')
    await hears(1)
    worker.postMessage('work', [])
    await hears(2)
    expect(said).toEqual(['listens', 'worked'])
    expect(await exited).toBe(0)
  })

  it('works over a port that is not the thread’s own, and ends when that closes', async () => {
    const { port1, port2 } = new MessageChannel()
    exposeSession(answering().session, port1)
    const remote = connectSession(port2)
    expect((await remote.acquire()).version).toBe(1)
    const closed = once(port2, 'close')
    port1.close()
    await closed
    expect(await failureOf(remote.acquire())).toMatchObject({ reason: 'disposed' })
  })
})
