import { describe, expect, it, vi } from 'vitest'

import { type TraceEntry, traceTo } from '../src/trace.ts'

describe('traceTo', () => {
  it.each(['debug', 'info', 'warn', 'error'] as const)('writes a line at the level %s', (level) => {
    const write = vi.fn<(...data: unknown[]) => void>()
    const silent = { debug: unexpected, info: unexpected, warn: unexpected, error: unexpected }
    const entry: TraceEntry = {
      type: 'refreshed',
      level,
      at: 5,
      session: 'main',
      epoch: 1,
      version: 2,
      reason: 'stale',
    }
    traceTo({ ...silent, [level]: write })(entry)
    expect(write).toHaveBeenCalledExactlyOnceWith('[main] refreshed', { epoch: 1, version: 2, reason: 'stale' })
  })

  it('keeps the methods of a class in place', () => {
    class Log {
      readonly lines: unknown[] = []
      debug(...data: unknown[]): void {
        this.lines.push(data)
      }
      info = this.debug
      warn = this.debug
      error = this.debug
    }
    const log = new Log()
    traceTo(log)({ type: 'warning', level: 'warn', at: 0, session: 's', reason: 'why' })
    expect(log.lines).toEqual([['[s] warning', { reason: 'why' }]])
  })
})

function unexpected(): void {
  throw new Error('Written at another level')
}
