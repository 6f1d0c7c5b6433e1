import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, sep } from 'node:path'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { root, run } from '../scripts/run.ts'
import { type Registry, startRegistry } from './registry.ts'

interface Manifest {
  name: string
  version: string
  private?: boolean
  exports: Record<string, Record<string, string> | string>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

const folder = mkdtempSync(join(tmpdir(), 'reauth-release-'))
const workspace = join(folder, 'workspace')
const project = join(folder, 'project')
let registry: Registry

beforeAll(async () => {
  registry = await startRegistry()
  await copyWorkspace()
  await run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: workspace, env: { CI: 'true' } })
  await run('pnpm', ['run', 'version'], { cwd: workspace, env: { CI: 'true' } })
  await run('pnpm', ['run', 'release'], { cwd: workspace, env: { CI: 'true', ...onlyRegistry() } })

  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}')
  await run('npm', ['install', '--no-audit', '--no-fund', '@reauth/fetch'], { cwd: project, env: onlyRegistry() })
})

afterAll(async () => {
  await registry?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})

it('turns every changeset into a version and a changelog', () => {
  expect(globSync('.changeset/*.md', { cwd: workspace })).toEqual([])
  for (const { name, version, folder: at } of publicPackages()) {
    expect(version, name).not.toBe('0.0.0')
    expect(readFileSync(join(at, 'CHANGELOG.md'), 'utf8')).toContain(`## ${version}`)
  }
})

it('publishes every public package, and no other', async () => {
  const published = [...registry.published].map(([name, versions]) => `${name}@${versions.join()}`)
  expect(published.toSorted()).toEqual(publicPackages().map(({ name, version }) => `${name}@${version}`))
})

it('installs @reauth/fetch with @reauth/core and nothing else', () => {
  expect(installed()).toEqual(['@reauth/core', '@reauth/fetch'])
})

it('ships manifests that need no workspace', () => {
  const versions = new Map(publicPackages().map(({ name, version }) => [name, version]))
  for (const name of installed()) {
    const text = readFileSync(join(project, 'node_modules', name, 'package.json'), 'utf8')
    expect(text).not.toMatch(/workspace:|catalog:|@reauth\/source/)
    for (const [dependency, range] of Object.entries((JSON.parse(text) as Manifest).dependencies ?? {})) {
      expect(range).toBe(`^${versions.get(dependency)}`)
    }
  }
})

it('imports every entry of what was installed', async () => {
  const manifests = installed().map((name) => manifestOf(join(project, 'node_modules', name)))
  // the user's own packages: an install does not bring them, an entry may need them
  for (const peer of manifests.flatMap(({ peerDependencies = {} }) => Object.keys(peerDependencies))) {
    symlinkSync(join(root, 'node_modules', peer), join(project, 'node_modules', peer), 'junction')
  }
  const entries = manifests.flatMap(({ name, exports }) =>
    Object.keys(exports)
      .filter((path) => path !== './package.json')
      .map((path) => name + path.slice(1)),
  )
  expect(entries).toContain('@reauth/fetch/ky')
  for (const entry of entries) {
    const print = `console.log(Object.keys(await import('${entry}')).length)`
    const names = await run(process.execPath, ['--input-type=module', '--eval', print], { cwd: project })
    expect(Number(names), entry).toBeGreaterThan(0)
  }
})

/** Copies the sources, uncommitted changes included, into a repository of its own. */
async function copyWorkspace(): Promise<void> {
  const left = new Set(['.git', '.turbo', 'coverage', 'dist', 'node_modules'])
  cpSync(root, workspace, { recursive: true, filter: (source) => !left.has(basename(source)) })
  const identity = ['-c', 'user.name=rehearsal', '-c', 'user.email=rehearsal@localhost', '-c', 'commit.gpgsign=false']
  await run('git', ['init', '--quiet', '--initial-branch=main'], { cwd: workspace })
  await run('git', ['add', '--all'], { cwd: workspace })
  await run('git', [...identity, 'commit', '--quiet', '--message=rehearsal'], { cwd: workspace })
}

/** Settings that leave npm and pnpm no registry, no credentials and no cache but those of this rehearsal. */
function onlyRegistry(): NodeJS.ProcessEnv {
  const userconfig = join(folder, 'npmrc')
  writeFileSync(userconfig, `registry=${registry.url}\n${registry.url.replace('http:', '')}/:_authToken=rehearsal\n`)
  const settings = {
    userconfig,
    registry: registry.url,
    cache: join(folder, 'npm-cache'),
    provenance: 'false',
    // an install here would ask the rehearsal's registry for everything
    verify_deps_before_run: 'false',
  }
  const env: NodeJS.ProcessEnv = {
    // without them a CI that may publish has no identity to sign in with, and none to sign provenance with
    ACTIONS_ID_TOKEN_REQUEST_URL: '',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: '',
  }
  for (const [name, value] of Object.entries(settings)) {
    // npx hands its own settings down in the first form, and the last one read wins
    env[`npm_config_${name}`] = env[`NPM_CONFIG_${name.toUpperCase()}`] = env[`pnpm_config_${name}`] = value
  }
  return env
}

function publicPackages(): (Manifest & { folder: string })[] {
  return globSync('packages/*', { cwd: workspace })
    .map((path) => ({ ...manifestOf(join(workspace, path)), folder: join(workspace, path) }))
    .filter((manifest) => manifest.private !== true)
    .toSorted((a, b) => a.name.localeCompare(b.name))
}

function installed(): string[] {
  return globSync(['node_modules/*/package.json', 'node_modules/@*/*/package.json'], { cwd: project })
    .map((file) => file.split(sep).slice(1, -1).join('/'))
    .toSorted()
}

function manifestOf(path: string): Manifest {
  return JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest
}
