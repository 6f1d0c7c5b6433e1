import { expect, it } from 'vitest'

import type { LogEvent, NewEvent } from '../src/page/activity/event-log.ts'
import { requestsOf } from '../src/page/activity/requests.ts'
import { createRingBuffer } from '../src/page/activity/ring-buffer.ts'
import { createTimeline } from '../src/page/activity/timeline.ts'
import { useWorlds } from './world.ts'

const openWorld = useWorlds()

it('reads a request whose start has left the buffer', () => {
  const ring = createRingBuffer<LogEvent>(4)
  const push = (number: number, event: NewEvent): void => ring.push({ ...event, number })
  const shared = { lane: 'fetch', at: 1 } as const
  push(1, { ...shared, kind: 'sent', request: 1, method: 'GET', path: '/a' })
  push(2, { ...shared, kind: 'sent', request: 2, method: 'POST', path: '/b' })
  push(3, { ...shared, kind: 'answered', request: 1, status: 200, ms: 5 })
  push(4, { ...shared, kind: 'sent', request: 3, method: 'GET', path: '/c' })
  push(5, { ...shared, kind: 'broken', request: 2, reason: 'TypeError', ms: 7 })

  expect(ring.items().map(({ number }) => number)).toEqual([2, 3, 4, 5])
  expect(requestsOf(ring.items())).toMatchObject([
    { request: 3, sent: { path: '/c' }, outcome: 'pending', ms: undefined },
    { request: 1, sent: undefined, outcome: { status: 200 }, ms: 5 },
    { request: 2, sent: { path: '/b' }, outcome: { reason: 'TypeError' }, ms: 7 },
  ])
})

it('shows a thousand events a second in as many columns as ten', () => {
  const timeline = createTimeline()
  for (let at = 0; at < 400_000; at += 1) timeline.count('fetch', at % 1000 === 0 ? 'refused' : 'traffic', at)
  const columns = timeline.columns(390_000, 400_000, 1000)
  expect(columns.length).toBeLessThanOrEqual(11)
  expect(columns.at(-1)).toMatchObject({ from: 399_000, lanes: { fetch: { traffic: 999, refused: 1 } } })
  // and what is older than five minutes is not kept
  expect(timeline.columns(0, 90_000, 1000)).toEqual([])
})

it('stays readable while a thousand events a second come in', async () => {
  const { demo, page, button, signIn, quiet } = await openWorld()
  await signIn()
  await quiet()
  const calls = demo.counters.apiOk
  await page.getByRole('link', { name: 'Requests' }).click()
  const rows = page.locator('.requests-table tbody tr')
  await expect.poll(() => rows.filter({ hasText: '/api/work' }).count()).toBe(calls)
  expect(await rows.filter({ hasText: 'POST /token' }).count()).toBe(1)

  // how long the page was busy at a stretch
  await page.evaluate(() => {
    const tasks: number[] = []
    Object.assign(globalThis, { tasks })
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: 'longtask',
    })
  })
  await page.getByRole('switch', { name: '1,000 events a second' }).click()
  await rows.filter({ hasText: 'POST /token' }).waitFor({ state: 'detached' })
  const plot = page.getByRole('slider', { name: 'Time on the timeline' })
  await plot.press('End')
  await page
    .locator('.timeline-told')
    .filter({ hasText: /fetch: .*replay × \d{2,}/ })
    .waitFor()
  await plot.press('Escape')
  await page.getByRole('switch', { name: '1,000 events a second' }).click()
  expect(await page.locator('.requests .aside').textContent()).toContain('1000 of 1000')
  expect(await page.evaluate('tasks.filter((ms) => ms > 250)')).toEqual([])

  await button('Clear').click()
  await page.getByText('No request in the buffer.').waitFor()
})

it('holds the list still while requests go on, and then shows those that came', async () => {
  const { demo, page, signIn } = await openWorld()
  await signIn()
  await page.getByRole('link', { name: 'Requests' }).click()
  const hold = page.getByRole('switch', { name: 'hold still' })
  const rows = page.locator('.requests-table tbody tr')
  const answered = rows.filter({ hasText: '/api/work' }).filter({ hasText: '200' })
  await answered.first().waitFor()
  await hold.click()
  expect(await hold.getAttribute('aria-checked')).toBe('true')
  const held = await rows.allTextContents()
  const { apiOk } = demo.counters
  await expect.poll(() => demo.counters.apiOk, { timeout: 10_000 }).toBeGreaterThan(apiOk)
  expect(await rows.allTextContents()).toEqual(held)
  await hold.click()
  await expect.poll(() => answered.count()).toBeGreaterThan(apiOk)
})

it('goes from event to event with the keyboard, and zooms', async () => {
  const { page, button, signIn } = await openWorld()
  await signIn()
  const plot = page.getByRole('slider', { name: 'Time on the timeline' })
  await plot.press('End')
  await expect.poll(() => plot.getAttribute('aria-valuetext')).toMatch(/^\d\d:\d\d:\d\d\.\d: \w+: /)
  await plot.press('Home')
  const told = async (): Promise<string | null> => plot.getAttribute('aria-valuetext')
  for (let steps = 0; steps < 20 && !(await told())?.includes('sign-in or sign-out × 1'); steps++) {
    await plot.press('ArrowRight')
  }
  expect(await told()).toContain('sign-in or sign-out × 1')
  expect(await page.locator('.timeline-told').textContent()).toBe(await told())
  await plot.press('Escape')
  await plot.press('+')
  await page.getByText('the last 15 s').waitFor()
  await button('Farther').click()
  await page.getByText('the last 30 s').waitFor()
  await plot.hover({ position: { x: 2, y: 20 } })
  await page.locator('.timeline-told').filter({ hasText: 'nothing' }).waitFor()
})
