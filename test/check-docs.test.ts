import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it, onTestFinished } from 'vitest'

import { blocksOf, brokenLinks } from '../scripts/check-docs.ts'

it('takes the TypeScript blocks, and remembers where they stand', () => {
  const markdown = '# Title\n\n```ts\nconst a = 1\n```\n\n```sh\nls\n```\n\n```ts\nconst b = 2\nconst c = 3\n```\n'
  expect(blocksOf(markdown, 'ts')).toEqual([
    { code: 'const a = 1\n', line: 3 },
    { code: 'const b = 2\nconst c = 3\n', line: 11 },
  ])
})

it('reports links that lead nowhere, with their line', () => {
  const text = '[a](missing.md)\n\n[b](#no-such-heading)\n'
  expect(linksOf(text)).toEqual([':1: missing.md leads nowhere', ':3: #no-such-heading leads nowhere'])
})

it('follows links to files, to headings and out of the repository', () => {
  const text =
    "# What's `new`, then?\n\n[a](README.md) [b](#whats-new-then) [c](README.md#whats-new-then) [d](https://a.test/x)\n"
  expect(linksOf(text)).toEqual([])
})

it('takes no link from code', () => {
  expect(linksOf('`[a](missing.md)`\n\n```ts\nlist[0](missing)\n```\n')).toEqual([])
})

function linksOf(text: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'reauth-docs-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'README.md')
  writeFileSync(file, text)
  return brokenLinks(file).map((problem) => problem.slice(problem.indexOf('README.md') + 'README.md'.length))
}
