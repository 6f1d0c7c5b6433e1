import { expect, it } from 'vitest'

import { openPlayerPage } from './support/open-player.ts'

const medianOf = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0

it.for(['wav', 'mp4'])('interrupts for no longer than one and a half cold starts: %s', async (ending, context) => {
  const { coldStart, open, server } = await openPlayerPage(context)
  server.stopAfterBytes = 3_000_000
  const starts: number[] = []
  const gaps: number[] = []
  for (let time = 1; time <= 9; time++) {
    starts.push(await coldStart(`/media/600/cold-${time}.${ending}`))
    const player = await open({ src: `/media/600/warm-${time}.${ending}` })
    await player.play()
    await player.moves()
    const gap = await player.interruption(async () => {
      server.expire()
      server.cut()
    })
    gaps.push(gap.ms - gap.awayMs)
    await player.run('(element) => { element.src = ""; element.remove() }')
  }
  console.log({ ending, starts, gaps, cold: medianOf(starts), gap: medianOf(gaps) })
  expect(server.refreshes).toBe(9)
  expect(medianOf(gaps)).toBeLessThanOrEqual(1.5 * medianOf(starts))
})
