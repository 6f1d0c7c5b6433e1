import { describe, expect, it } from 'vitest'

import { isNewer, parseRecord, parseStamp } from '../src/session-record.ts'

describe('isNewer', () => {
  const steps = [
    { epoch: 0, version: 0 },
    { epoch: 1, version: 1 },
    { epoch: 1, version: 2 },
    { epoch: 2, version: 2 },
    { epoch: 3, version: 0 },
    { epoch: 10, version: 3 },
  ]

  it('puts the epoch before the version, as numbers', () => {
    for (const [index, one] of steps.entries()) {
      for (const [other, two] of steps.entries()) expect(isNewer(one, two)).toBe(index > other)
    }
  })

  it('puts an expired token set after the same one that is active, and before the next', () => {
    const active = { epoch: 1, version: 1, status: 'active' }
    const expired = { ...active, status: 'expired' }
    expect(isNewer(expired, active)).toBe(true)
    expect(isNewer(active, expired)).toBe(false)
    expect(isNewer(expired, expired)).toBe(false)
    expect(isNewer({ ...active, version: 2 }, expired)).toBe(true)
  })

  it('puts nobody after both, and what is held where its record is', () => {
    const stamp = { epoch: 1, version: 1 }
    const record = { format: 1, ...stamp, receivedAt: 0, tokens: { accessToken: 'A' } } as const
    const ranks = [
      [
        { ...stamp, status: 'active' },
        { ...stamp, record },
      ],
      [
        { ...stamp, status: 'expired' },
        { ...stamp, record: { ...record, expired: 'expired' } as const },
      ],
      [{ ...stamp, status: 'signed-out' }, stamp],
    ]
    for (const [rank, ones] of ranks.entries()) {
      for (const [other, others] of ranks.entries()) {
        for (const one of ones) for (const two of others) expect(isNewer(one, two)).toBe(rank > other)
      }
    }
  })
})

describe('parseStamp', () => {
  it.each([
    ['3:7', { epoch: 3, version: 7 }],
    ['3', { epoch: 3, version: 0 }],
    ['', { epoch: 0, version: 0 }],
    [null, { epoch: 0, version: 0 }],
    [undefined, { epoch: 0, version: 0 }],
    ['a:b', { epoch: 0, version: 0 }],
    ['1.9:2.9', { epoch: 1, version: 2 }],
    [4, { epoch: 4, version: 0 }],
  ])('reads %j', (raw, stamp) => {
    expect(parseStamp(raw)).toEqual(stamp)
  })
})

describe('parseRecord', () => {
  const record = { format: 1, epoch: 1, version: 2, receivedAt: 3, tokens: { accessToken: 'A' } }

  it('takes a text, and the object that it stands for', () => {
    expect(parseRecord(JSON.stringify(record))).toEqual(record)
    expect(parseRecord(record)).toEqual(record)
  })

  it.each(['format', 'epoch', 'version', 'receivedAt'])('takes none without a right %s', (member) => {
    for (const value of [undefined, null, '1', NaN, 1.5, [], 2 ** 60]) {
      expect(parseRecord({ ...record, [member]: value })).toBeUndefined()
    }
  })

  it('leaves the tokens to who knows what is right', () => {
    expect(parseRecord(record, () => 'a flaw')).toBeUndefined()
    expect(parseRecord(record, () => undefined)).toEqual(record)
  })
})
