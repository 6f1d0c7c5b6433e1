// Checks that the lockfile serves every platform. A registry without a platform's binary makes pnpm drop it
// from the lockfile without a word, and `--frozen-lockfile` then breaks on that platform only.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { root } from './run.ts'

const platforms: readonly [name: string, suffix: RegExp][] = [
  ['macOS arm64', /darwin-arm64$/],
  ['macOS x64', /darwin-(x64|64)$/],
  ['Windows x64', /(win32-x64(-msvc)?|windows-64)$/],
  ['Linux arm64', /linux-arm64(-gnu)?$/],
]

const lock = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')
const packages = lock.slice(lock.indexOf('\npackages:'), lock.indexOf('\nsnapshots:'))
const names = Array.from(packages.matchAll(/^ {2}'?((?:@[^/\s]+\/)?[^@\s']+)@[^\s']+'?:$/gm), ([, name = '']) => name)

for (const name of names) {
  const [, prefix] = /^(.*?)linux-(?:x64|64)(?:-gnu)?$/.exec(name) ?? []
  if (prefix === undefined) continue
  const siblings = names.filter((other) => other.startsWith(prefix))
  for (const [platform, suffix] of platforms) {
    if (siblings.some((other) => suffix.test(other))) continue
    console.error(`pnpm-lock.yaml: ${name} has no counterpart for ${platform}; pin a version that has one`)
    process.exitCode = 1
  }
}
