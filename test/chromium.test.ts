import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { findChromium, systemBrowsers } from '../scripts/chromium.ts'

it('takes the browser that CHROMIUM_PATH names before any other', () => {
  expect(findChromium({ CHROMIUM_PATH: '/opt/mine', PATH: '/usr/bin' })).toBe('/opt/mine')
})

describe.skipIf(process.platform === 'win32')('the browsers in the PATH', () => {
  it('are those that can be executed, Chrome first', () => {
    const one = folderWith({ chromium: 0o755 })
    const other = folderWith({ 'google-chrome': 0o755, 'chromium-browser': 0o644 })
    const found = systemBrowsers({ PATH: [one, other].join(delimiter) })
    expect(found.slice(0, 2)).toEqual([join(other, 'google-chrome'), join(one, 'chromium')])
    expect(found).not.toContain(join(other, 'chromium-browser'))
  })

  it('are none where the machine is to be taken for a bare one', () => {
    expect(systemBrowsers({ PATH: folderWith({ chromium: 0o755 }), REAUTH_NO_SYSTEM_BROWSER: '1' })).toEqual([])
  })
})

function folderWith(files: Record<string, number>): string {
  const folder = mkdtempSync(join(tmpdir(), 'reauth-path-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, mode] of Object.entries(files)) writeFileSync(join(folder, name), '', { mode })
  return folder
}
