import { paths, type Work } from '../../contract.ts'
import { kyApi, session } from '../auth/session.ts'
import { call } from './calls.ts'

/** What an experiment has shown. */
export interface Finding {
  readonly tone: 'good' | 'note' | 'bad'
  readonly text: string
}

/** Something to do to a session that should survive it. */
export interface Experiment {
  readonly title: string
  readonly hint: string
  run(): Promise<Finding>
}

export const experiments: readonly Experiment[] = [
  {
    title: '10 calls at once',
    hint: 'However many find the token dead, one of them refreshes it.',
    async run() {
      const before = version()
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => call('/api/work')))
      const ok = outcomes.filter(({ kind }) => kind === 'ok').length
      const refreshes = version() - before
      const failure = outcomes.find(({ kind }) => kind !== 'ok')?.text
      return {
        tone: ok === 10 ? 'good' : 'bad',
        text: `${ok} of 10 calls ok, ${plural(refreshes, 'refresh', 'refreshes')}${failure === undefined ? '' : `: ${failure}`}.`,
      }
    },
  },
  {
    title: 'Revoke the access token',
    hint: 'The API answers 401 from now on. The next call should not show it.',
    run: () =>
      revoke('/admin/revoke-access-token', 'The access token is dead. The next call meets a 401 and asks for another.'),
  },
  {
    title: 'Revoke the refresh token',
    hint: 'The session goes on until its access token ends, and then says so.',
    run: () =>
      revoke('/admin/revoke-refresh-token', 'No further refresh. The session lasts as long as its access token.'),
  },
  {
    title: 'Answer 403',
    hint: 'Calls what this user may not see. Another token would not help.',
    async run() {
      const before = version()
      const { kind, text } = await call('/api/vault')
      if (kind !== 'denied') return { tone: 'bad', text: `Expected a 403: ${text}` }
      const refreshes = version() - before
      return {
        tone: 'note',
        text: `403, not allowed. It cost ${plural(refreshes, 'refresh', 'refreshes')}, and the session goes on.`,
      }
    },
  },
  {
    title: 'Ask with ky',
    hint: 'The same session under another client, which throws for a 403.',
    run: askWithKy,
  },
]

async function askWithKy(): Promise<Finding> {
  const before = version()
  const { name } = await kyApi.get(new URL(paths.work, location.href)).json<Work>()
  const denied = await kyApi.get(new URL(paths.vault, location.href)).then(
    () => 'nothing',
    (error: unknown) => (error instanceof Error ? error.name : 'something else'),
  )
  const isAsExpected = denied === 'PermissionDeniedError'
  const refreshes = version() - before
  return {
    tone: isAsExpected ? 'good' : 'bad',
    text: `Hello, ${name}. The vault threw ${denied}. ${plural(refreshes, 'refresh', 'refreshes')} in all.`,
  }
}

async function revoke(path: string, text: string): Promise<Finding> {
  const response = await fetch(path, { method: 'POST' })
  await response.text()
  return response.ok ? { tone: 'note', text } : { tone: 'bad', text: `The demo server answered ${response.status}.` }
}

function version(): number {
  const { state } = session
  return 'version' in state ? state.version : 0
}

const plural = (count: number, one: string, many: string): string =>
  count === 0 ? `no ${one}` : `${count} ${count === 1 ? one : many}`
