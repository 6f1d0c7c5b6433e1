import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { expect, it, onTestFinished } from 'vitest'

import { checkLayers } from '../scripts/check-layers.ts'
import { root } from '../scripts/run.ts'

it('finds nothing wrong in this workspace', () => {
  expect(checkLayers(root)).toEqual([])
})

it('lets adapters import core, tests the testkit, and the demo everything', () => {
  const problems = check({
    'packages/fetch/src/send.ts': "import { a } from '@reauth/core'\nimport 'ky'",
    'packages/fetch/src/index.ts': "export * from './send.ts'\nexport type { A } from '@reauth/core'",
    'packages/fetch/test/send.test.ts': "import '@reauth/fetch'\nimport '@reauth/testkit'\nimport '../src/send.ts'",
    'apps/demo/src/main.ts': "import '@reauth/fetch'\nimport '@reauth/testkit'",
    'apps/demo/e2e/main.e2e.ts': "import '../../../scripts/chromium.ts'",
  })
  expect(problems).toEqual([])
})

it.each([
  ['an adapter that imports another', 'packages/fetch/src/send.ts', "\nimport '@reauth/ws'", ':2: imports @reauth/ws;'],
  ['the types of another', 'packages/fetch/src/send.ts', "type A = import('@reauth/ws').A", ':1: imports @reauth/ws;'],
  ['another by its path', 'packages/fetch/src/send.ts', "import '../../ws/src/a.ts'", ':1: imports ../../ws/src/a.ts;'],
  [
    'a test of an adapter with another',
    'packages/fetch/test/a.test.ts',
    "import '@reauth/ws'",
    ':1: imports @reauth/ws;',
  ],
  [
    'core that imports an adapter',
    'packages/core/src/a.ts',
    "await import('@reauth/fetch')",
    ':1: imports @reauth/fetch;',
  ],
  ['a package that imports itself', 'packages/core/src/a.ts', "import '@reauth/core'", ':1: imports @reauth/core;'],
  [
    'src that imports the testkit',
    'packages/core/src/a.ts',
    "import '@reauth/testkit'",
    ':1: imports @reauth/testkit;',
  ],
  ['src that imports a test', 'packages/core/src/a.ts', "import '../test/b.ts'", ':1: imports ../test/b.ts;'],
  ['an import of an index', 'packages/core/src/a.ts', "import './index.ts'", ':1: imports ./index.ts;'],
  ['an index that holds code', 'packages/core/src/index.ts', 'export const a = 1', ':1: index.ts holds exports only;'],
  ['a module that imports itself', 'packages/core/src/a.ts', "import './a.ts'", ':1: closes the cycle a.ts → a.ts;'],
])('refuses %s', (_, file, code, problem) => {
  expect(check({ [file]: code })).toEqual([expect.stringContaining(file + problem)])
})

it('names the whole of a cycle, once', () => {
  const problems = check({
    'packages/core/src/a.ts': "import './b.ts'\nimport './c.ts'",
    'packages/core/src/b.ts': "import './c.ts'",
    'packages/core/src/c.ts': "\nimport type { B } from './b.ts'",
  })
  expect(problems).toEqual([expect.stringContaining('packages/core/src/c.ts:2: closes the cycle b.ts → c.ts → b.ts;')])
})

it('refuses a manifest that names another adapter, where the name stands', () => {
  const manifest = '{\n"name": "@reauth/fetch",\n"peerDependencies": { "@reauth/ws": "*" } }'
  expect(check({ 'packages/fetch/package.json': manifest })).toEqual([
    expect.stringContaining('packages/fetch/package.json:3: @reauth/fetch depends on @reauth/ws;'),
  ])
})

function check(files: Record<string, string>): string[] {
  const workspace = mkdtempSync(join(tmpdir(), 'reauth-layers-'))
  onTestFinished(() => rmSync(workspace, { recursive: true }))
  const folders = ['packages/core', 'packages/fetch', 'packages/ws', 'packages/testkit', 'apps/demo']
  const manifests = Object.fromEntries(
    folders.map((folder) => [`${folder}/package.json`, `{ "name": "@reauth/${folder.split('/')[1]}" }`]),
  )
  for (const [file, text] of Object.entries({ ...manifests, ...files })) {
    mkdirSync(dirname(join(workspace, file)), { recursive: true })
    writeFileSync(join(workspace, file), text)
  }
  return checkLayers(workspace)
}
