import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { storageContract } from '@reauth/testkit'
import { createStorage } from 'unstorage'
import fsDriver from 'unstorage/drivers/fs'
import memoryDriver from 'unstorage/drivers/memory'
import { describe, it } from 'vitest'

import type { TokenStorage } from '../src/storage.ts'

describe("unstorage's memory driver", () => {
  const contract = storageContract({ create: (): TokenStorage => createStorage({ driver: memoryDriver() }) })
  for (const { title, run } of contract) it(title, run)
})

describe("unstorage's fs driver", () => {
  let base: string
  const open = (): TokenStorage => createStorage({ driver: fsDriver({ base }) })
  const contract = storageContract({
    create() {
      base = mkdtempSync(join(tmpdir(), 'reauth-'))
      return open()
    },
    another: open,
    close: () => {
      rmSync(base, { recursive: true })
    },
  })
  for (const { title, run } of contract) it(title, run)
})
