// Checks that imports go one way: adapters to core, the demo to all, and downwards inside of each package.
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'

import { type Module, readModule } from './imports.ts'
import { root } from './run.ts'

interface Package {
  readonly name: string
  /** Relative to the workspace, as `packages/core`. */
  readonly folder: string
}

const core = '@reauth/core'
const testkit = '@reauth/testkit'

/** Lists what is wrong in a workspace, as `file:line: what; the way out`. */
export function checkLayers(workspace: string): string[] {
  return packagesOf(workspace).flatMap((pkg) => {
    const modules = new Map(
      globSync('{src,test,e2e}/**/*.{ts,tsx}', { cwd: join(workspace, pkg.folder) })
        .toSorted()
        .map((file) => posix(join(pkg.folder, file)))
        .map((file) => [file, readModule(join(workspace, file))] as const),
    )
    return [
      ...checkManifest(workspace, pkg),
      ...[...modules].flatMap(([file, module]) => checkModule(pkg, file, module)),
      ...checkCycles(modules),
    ]
  })
}

function packagesOf(workspace: string): Package[] {
  return globSync('{packages,apps}/*/package.json', { cwd: workspace })
    .toSorted()
    .map((file) => ({
      name: (JSON.parse(readFileSync(join(workspace, file), 'utf8')) as { name: string }).name,
      folder: posix(dirname(file)),
    }))
}

/** The way out when `pkg` may not import `name`, else undefined. */
function whyNot(pkg: Package, name: string, isShipped: boolean): string | undefined {
  if (pkg.folder.startsWith('apps/')) return undefined
  if (name === pkg.name) return isShipped ? 'import the module that defines it' : undefined
  if (name === testkit) return isShipped ? 'what ships knows no testkit; move this into test/' : undefined
  if (pkg.name === core) return 'core stands on nothing; let the adapter pass it in'
  return name === core ? undefined : `move what both need into ${core}, pass it in, or show it in apps/demo`
}

function checkManifest(workspace: string, pkg: Package): string[] {
  const file = `${pkg.folder}/package.json`
  const text = readFileSync(join(workspace, file), 'utf8')
  const manifest = JSON.parse(text) as Record<string, Record<string, string> | undefined>
  return ['dependencies', 'peerDependencies', 'optionalDependencies', 'devDependencies'].flatMap((field) =>
    Object.keys(manifest[field] ?? {})
      .filter((name) => name.startsWith('@reauth/'))
      .flatMap((name) => {
        const wayOut = whyNot(pkg, name, field !== 'devDependencies')
        const line = text.slice(0, text.indexOf(`"${name}"`, text.indexOf(`"${field}"`))).split('\n').length
        return wayOut === undefined ? [] : [`${file}:${line}: ${pkg.name} depends on ${name}; ${wayOut}`]
      }),
  )
}

function checkModule(pkg: Package, file: string, { imports, ownLines }: Module): string[] {
  const isShipped = file.startsWith(`${pkg.folder}/src/`)
  const problems = imports.flatMap(({ specifier, line }) => {
    const wayOut = specifier.startsWith('.')
      ? whyNotRelative(pkg, targetOf(file, specifier), isShipped)
      : specifier.startsWith('@reauth/') && whyNot(pkg, specifier.split('/', 2).join('/'), isShipped)
    return wayOut ? [`${file}:${line}: imports ${specifier}; ${wayOut}`] : []
  })
  if (isShipped && basename(file) === 'index.ts') {
    problems.push(
      ...ownLines.map((line) => `${file}:${line}: index.ts holds exports only; move this to a module of its own`),
    )
  }
  return problems
}

function whyNotRelative(pkg: Package, target: string, isShipped: boolean): string | undefined {
  const isInside = target.startsWith(`${pkg.folder}/`)
  if (!isInside && /^(packages|apps)\//.test(target)) return 'import the package by its name'
  if (isShipped && !target.startsWith(`${pkg.folder}/src/`)) return 'what ships imports nothing outside of src/'
  return basename(target) === 'index.ts' ? 'import the module that defines it' : undefined
}

/** Follows the imports depth first; one that leads back onto the path walked closes a cycle. */
function checkCycles(modules: ReadonlyMap<string, Module>): string[] {
  const problems: string[] = []
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): void => {
    for (const { specifier, line } of modules.get(file)?.imports ?? []) {
      const target = targetOf(file, specifier)
      if (!specifier.startsWith('.') || done.has(target)) continue
      const start = [...path, file].indexOf(target)
      if (start === -1) walk(target, [...path, file])
      else {
        const cycle = [...path, file]
          .slice(start)
          .concat(target)
          .map((one) => basename(one))
        problems.push(
          `${file}:${line}: closes the cycle ${cycle.join(' → ')}; move what they share into a module below them`,
        )
      }
    }
    done.add(file)
  }
  for (const file of modules.keys()) if (!done.has(file)) walk(file, [])
  return problems
}

function targetOf(file: string, specifier: string): string {
  return posix(relative('.', resolve(dirname(file), specifier)))
}

function posix(path: string): string {
  return path.split(sep).join('/')
}

if (import.meta.main) {
  const problems = checkLayers(root)
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
}
