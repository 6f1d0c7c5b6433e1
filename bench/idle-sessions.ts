import { createSession, createSessions, memoryStorage, type Session } from '@reauth/core'

const count = 100_000
const tokens = { accessToken: 'A', refreshToken: 'R', expiresInMs: 3_600_000 }

/** Says how much memory an idle session takes that somebody has leased from a registry. */
export async function idleSessions(): Promise<string> {
  const storage = memoryStorage()
  const refresh = (): Promise<never> => Promise.reject(new Error('Nobody asked'))
  const sessions = createSessions((name) => createSession({ name, refresh, storage }))
  const before = usedBytes()
  const leases: Session[] = []
  for (let id = 0; id < count; id++) {
    const lease = sessions.open(`user ${id}`)
    // One after the other, as they would come.
    // oxlint-disable-next-line no-await-in-loop
    await lease.signIn(tokens)
    leases.push(lease)
  }
  const bytes = (usedBytes() - before) / count
  await Promise.all(leases.map((lease) => lease[Symbol.asyncDispose]()))
  return `${count} idle sessions in a registry take ${(bytes / 1000).toFixed(1)} kB each, their record in memory included`
}

function usedBytes(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
