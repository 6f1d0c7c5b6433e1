import { type AtIssuer, paths, type RestartRequest, type Settings, type Siblings } from '../contract.ts'

/** Asks the demo's servers for something that only the demo can do. */
async function ask<Answer>(path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body ?? {}),
  })
  if (!response.ok) throw new Error(`The demo server answered ${response.status} to ${path}`)
  return (await response.json()) as Answer
}

/** What the demo's buttons do behind the back of the page's session. */
export const admin = {
  revokeAccessTokens: (at: AtIssuer = {}): Promise<unknown> => ask(paths.revokeAccessToken, at),
  revokeRefreshTokens: (at: AtIssuer = {}): Promise<unknown> => ask(paths.revokeRefreshToken, at),
  replay: (at: AtIssuer = {}): Promise<unknown> => ask(paths.replay, at),
  siblings: (count: number): Promise<Siblings> => ask(paths.siblings, { count }),
  restart: (request: RestartRequest): Promise<unknown> => ask(paths.restart, request),
  settings: async (): Promise<Settings> => (await fetch(paths.settings)).json() as Promise<Settings>,
  set: (settings: Partial<Settings>): Promise<Settings> => ask(paths.settings, settings),
} as const
