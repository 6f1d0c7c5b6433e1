// Checks what npm users get: packs every public package, then lints the tarball (publint) and resolves its types (attw).
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { root, run } from './run.ts'

const out = mkdtempSync(join(tmpdir(), 'reauth-tarballs-'))
try {
  for (const file of globSync('packages/*/package.json', { cwd: root })) {
    const manifest = JSON.parse(readFileSync(join(root, file), 'utf8')) as { private?: boolean }
    if (manifest.private) continue
    await run('pnpm', ['pack', '--pack-destination', out], { cwd: join(root, dirname(file)) })
  }
  for (const tarball of globSync('*.tgz', { cwd: out })) {
    await run('publint', ['run', join(out, tarball), '--strict'])
    await run('attw', [join(out, tarball), '--profile', 'esm-only', '--no-emoji', '--format', 'ascii'])
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  rmSync(out, { recursive: true })
}
