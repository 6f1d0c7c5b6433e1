import { paths } from '../../contract.ts'
import { setOffline } from '../activity/network.ts'
import { admin } from '../admin.ts'
import { api, session } from '../auth/session.ts'
import { originOf } from '../facts.ts'
import { openFeed } from '../transports/feed.ts'
import { createMeter } from '../transports/reading.ts'
import { type Check, ensure, until } from './check.ts'
import { withGuest } from './guest.ts'
import { calls, costOf, counted, holdShort, recover, stillSignedIn, withSettings } from './measures.ts'

/** What can go wrong, one click each. Each puts things right afterwards. */
export const faults: readonly Check[] = [
  {
    id: 'revoke-access',
    title: 'Revoke the access token',
    expected: 'Ten calls meet a 401, one refresh serves them all.',
    run: () => survive(() => admin.revokeAccessTokens(), 1),
  },
  {
    id: 'revoke-refresh',
    title: 'Revoke the refresh token',
    expected: 'The session lasts as long as its access token, then says that it is over.',
    run: () => endGuest(() => admin.revokeRefreshTokens({ issuer: 'north' })),
  },
  {
    id: 'replay',
    title: 'Replay detected',
    expected: 'A thief used the refresh token: the issuer ends the grant, and the session says so after one try.',
    run: () => endGuest(() => admin.replay({ issuer: 'north' })),
  },
  {
    id: 'cap',
    title: 'Sibling devices sign in (cap of 5)',
    expected: 'This device’s token is pushed out: one refresh brings another.',
    run: () => survive(() => admin.siblings(5), 1),
  },
  {
    id: 'denied',
    title: 'Answer 403',
    expected: 'It shows where it happened, costs no refresh, and the session goes on.',
    run: () =>
      withSettings({ deny: true }, async () => {
        const { refreshes } = await costOf(async () => {
          const response = await api(paths.work)
          ensure(response.status === 403, `The API answered ${response.status}`)
        })
        ensure(refreshes === 0, `${refreshes} refreshes`)
        stillSignedIn()
        return '403, no refresh.'
      }),
  },
  {
    id: 'offline',
    title: 'Offline and online again',
    expected: 'Calls fail meanwhile, nobody is signed out, and it goes on.',
    async run() {
      const { codeExchanges } = await counted()
      setOffline(true)
      try {
        ensure((await calls(3)) === 0, 'A call went out')
        stillSignedIn()
      } finally {
        setOffline(false)
      }
      await recover()
      ensure((await counted()).codeExchanges === codeExchanges, 'It had to sign in')
      return '3 calls failed, then it went on.'
    },
  },
  {
    id: 'slow-issuer',
    title: 'A slow issuer',
    expected: 'Everybody waits for the one refresh.',
    run: () => withSettings({ issuerDelayMs: 1500 }, async () => survive(() => admin.revokeAccessTokens(), 1)),
  },
  {
    id: 'lost-answer',
    title: 'A lost answer',
    expected: 'The tokens are kept and asked for again; the issuer, which allows it for a while, sees no reuse.',
    run: () => withSettings({ lostAnswers: 1, graceSeconds: 60 }, () => outage()),
  },
  {
    id: 'portal',
    title: 'A captive portal',
    expected: 'A page in place of tokens is no verdict: the session stays, and goes on once the portal is gone.',
    async run() {
      await withSettings({ captivePortal: true }, async () => {
        await admin.revokeAccessTokens()
        ensure((await calls(2)) === 0, 'A call went through')
        stillSignedIn()
      })
      await recover()
      stillSignedIn()
      return '2 calls failed, then it went on, still signed in.'
    },
  },
  {
    id: 'restart',
    title: 'Server restart',
    expected: 'The socket is back on its own, without a refresh.',
    async run() {
      const meter = createMeter()
      const feed = openFeed('in band', meter)
      try {
        await until(() => meter.reading.get().count > 0, 'nothing comes')
        const { refreshes } = await costOf(async () => {
          await admin.restart({ service: 'live', downMs: 500 })
          await until(() => meter.reading.get().connections === 2, 'it is not back')
        })
        ensure(refreshes === 0, `${refreshes} refreshes`)
        return 'Cut, and back with 2 connections in all, no refresh.'
      } finally {
        feed.close()
      }
    },
  },
  {
    id: 'clock-off',
    title: 'Clock one hour off',
    expected: 'Lifetimes count from receipt: at most one refresh each way, no loop.',
    async run() {
      const now = Date.now.bind(Date)
      const { refreshes } = await costOf(async () => {
        Date.now = () => now() + 3_600_000
        try {
          ensure((await calls(5)) === 5, 'A call failed')
          ensure((await calls(5)) === 5, 'A call failed')
        } finally {
          Date.now = now
        }
        ensure((await calls(5)) === 5, 'A call failed once the clock was right again')
      })
      ensure(refreshes <= 2, `${refreshes} refreshes`)
      await session.refresh()
      return `15 of 15 calls ok, ${refreshes} refreshes.`
    },
  },
  {
    id: 'second-tab',
    title: 'A second tab',
    expected: 'Both find the token dead at once; one of them refreshes, the other takes over what it got.',
    async run() {
      const tab = window.open('/')
      ensure(tab !== null, 'The browser blocked the tab: allow pop-ups for this page')
      try {
        const buttons = (): HTMLButtonElement[] => [...tab.document.querySelectorAll('button')]
        const ten = (): HTMLButtonElement | undefined =>
          buttons().find((button) => button.textContent?.startsWith('10 calls at once'))
        await until(
          () => tab.document.querySelector('.status')?.textContent === 'Signed in',
          'the tab is not signed in',
        )
        const said = (): string => tab.document.querySelector('.finding')?.textContent ?? ''
        const { refreshes, reuse } = await costOf(async () => {
          await admin.revokeAccessTokens()
          ten()?.click()
          ensure((await calls(10)) === 10, 'A call failed here')
          await until(() => said().includes('10 of 10'), 'a call failed there')
        })
        ensure(refreshes === 1 && reuse === 0, `${refreshes} refreshes, ${reuse} of them with a spent token`)
        return '20 of 20 calls ok in two tabs, 1 refresh.'
      } finally {
        tab.close()
      }
    },
  },
  {
    id: 'sleep',
    title: 'Sleep',
    expected: 'Nothing runs while a token ends; on waking, the first call renews it.',
    async run() {
      await holdShort()
      const { refreshes } = await costOf(async () => {
        const wakeAt = performance.now() + 1500
        while (performance.now() < wakeAt);
        document.dispatchEvent(new Event('resume'))
        ensure((await calls(5)) === 5, 'A call failed')
      })
      ensure(refreshes === 1, `${refreshes} refreshes`)
      return 'Stood still for 1.5 s; 5 of 5 calls ok, 1 refresh.'
    },
  },
]

/** Does something to the page's session that ten calls at once should not notice. */
async function survive(fault: () => Promise<unknown>, wanted: number): Promise<string> {
  const { refreshes, reuse } = await costOf(async () => {
    await fault()
    const ok = await calls(10)
    ensure(ok === 10, `${ok} of 10 calls ok`)
  })
  ensure(refreshes === wanted && reuse === 0, `${refreshes} refreshes, ${reuse} of them with a spent token`)
  stillSignedIn()
  return `10 of 10 calls ok, ${refreshes} refresh.`
}

/** Revokes, and waits until calls come back well; nobody may be signed out by it. */
async function outage(): Promise<string> {
  const { reuse } = await costOf(async () => {
    await admin.revokeAccessTokens()
    await recover()
  })
  ensure(reuse === 0, `${reuse} refresh tokens came twice`)
  stillSignedIn()
  return 'It went on, with no reuse detected.'
}

/** Ends a guest's grant: its access token works on, and its end is the session's. */
function endGuest(fault: () => Promise<unknown>): Promise<string> {
  return withGuest({}, async ({ session: guest, api: call }) => {
    const profile = `${originOf('north')}${paths.chatProfile}`
    const { chat } = await counted()
    await fault()
    await admin.revokeAccessTokens({ issuer: 'north' })
    const failed = await call(profile).catch((error: unknown) => error)
    ensure(failed instanceof Error && failed.name === 'AuthenticationError', 'The call did not say that it is over')
    const { state } = guest
    ensure(state.status === 'expired', `The guest’s session is ${state.status}`)
    await call(profile).catch(() => {})
    const refused = (await counted()).chat.north.refreshesRefused - chat.north.refreshesRefused
    stillSignedIn()
    return `The guest’s session is over (${state.error.reason}), ${refused} refused at the issuer.`
  })
}
