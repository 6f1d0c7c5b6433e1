// The ways to get a Chromium onto a machine that has none, the gentlest first.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { cache } from './chromium.ts'

/** One way. `install` throws when it fails. */
interface Installer {
  readonly name: string
  readonly applies: boolean
  readonly install: () => void
}

const npmFolder = join(cache, 'npm-chromium')
const npmPackage = '@sparticuz/chromium@153.0.0'

/** Where the Chromium of the npm package lies once it is unpacked. */
export const npmChromium: string = join(npmFolder, 'chromium')

const asRoot = process.platform === 'linux' && process.getuid?.() === 0

/** All ways, in the order to try them. */
export const installers: readonly Installer[] = [
  { name: "Playwright's download", applies: true, install: () => playwright('install', '--no-shell', 'chromium') },
  {
    name: `npm's ${npmPackage}`,
    applies: process.platform === 'linux' && process.arch === 'x64',
    install: unpackNpmChromium,
  },
  { name: 'apt-get install chromium', applies: asRoot, install: aptChromium },
  // where apt has no Chromium (Ubuntu), a downloaded one may lack nothing but its libraries
  {
    name: "apt-get install of Chromium's libraries",
    applies: asRoot,
    install: () => playwright('install-deps', 'chromium'),
  },
]

function playwright(...args: string[]): void {
  const cli = join(dirname(createRequire(import.meta.url).resolve('playwright/package.json')), 'cli.js')
  // a network that swallows packets must not cost the default of 30 s for each try
  execute(process.execPath, [cli, ...args], { env: { PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: '10000' } })
}

function unpackNpmChromium(): void {
  // the package takes a file that is there for a whole one, also after an unpacking that broke off
  rmSync(npmFolder, { recursive: true, force: true })
  mkdirSync(npmFolder, { recursive: true })
  writeFileSync(join(npmFolder, 'package.json'), '{"private":true,"type":"module"}\n')
  execute('npm', ['install', '--loglevel=error', '--no-save', '--ignore-scripts', npmPackage], { cwd: npmFolder })
  const unpack = "await import('@sparticuz/chromium').then((chromium) => chromium.default.executablePath())"
  execute(process.execPath, ['--input-type=module', '--eval', unpack], { cwd: npmFolder, env: { TMPDIR: npmFolder } })
}

function aptChromium(): void {
  execute('apt-get', ['update', '-qq'])
  execute('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  })
}

/** What the command says is shown only by the error, in case it fails. */
function execute(command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): void {
  execFileSync(command, args, {
    ...options,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 600_000,
  })
}
