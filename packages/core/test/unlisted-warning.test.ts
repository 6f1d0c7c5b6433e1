import { describe, expect, it, vi } from 'vitest'

import type { AdapterTrace } from '../src/trace.ts'
import { createUnlistedWarning } from '../src/unlisted-warning.ts'

describe('createUnlistedWarning', () => {
  it('tells the trace once per origin, with the line to add', () => {
    const trace = vi.fn<AdapterTrace>()
    const warn = createUnlistedWarning({ trace })
    warn('401', 'https://one.test')
    warn('401', 'https://one.test')
    warn('An error', 'https://two.test')
    expect(trace.mock.calls).toEqual([
      [
        {
          type: 'warning',
          level: 'warn',
          origin: 'https://one.test',
          reason: "401 from an unlisted origin; if it takes this session's tokens, add origins: ['https://one.test']",
        },
      ],
      [expect.objectContaining({ origin: 'https://two.test' })],
    ])
  })

  it('tells the console where nobody listens', () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    createUnlistedWarning({})('401', 'https://one.test')
    expect(warn).toHaveBeenCalledExactlyOnceWith('reauth:', expect.stringContaining('https://one.test'))
  })
})
