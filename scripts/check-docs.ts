// Checks what the docs claim: every TypeScript block of a README compiles by itself, every relative link leads somewhere.
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

import { cache } from './chromium.ts'
import { root, run } from './run.ts'

interface Block {
  readonly code: string
  /** The line before the code, counted from 1. */
  readonly line: number
}

/** The blocks of one language, without their fences. */
export function blocksOf(markdown: string, language: string): Block[] {
  return Array.from(markdown.matchAll(/^```(\w*).*\n([\s\S]*?)^```$/gm))
    .filter(([, name]) => name === language)
    .map((match) => ({ code: match[2] ?? '', line: lineAt(markdown, match.index) }))
}

/** The links of a file that lead to no file, or to no heading of one, as `file:line: what`. */
export function brokenLinks(file: string): string[] {
  const markdown = readFileSync(file, 'utf8')
  // code keeps its length, so that what stands after it keeps its line
  const text = markdown.replace(/^```[\s\S]*?^```$|`[^`\n]*`/gm, (code) => code.replace(/[^\n]/g, ' '))
  return Array.from(text.matchAll(/\]\((?!\w+:)([^)\s]*)\)/g)).flatMap((match) => {
    const [path = '', heading] = (match[1] ?? '').split('#')
    const target = path === '' ? file : join(dirname(file), decodeURIComponent(path))
    const leadsThere = existsSync(target) && (heading === undefined || anchorsOf(target).includes(heading))
    return leadsThere ? [] : [`${relative(root, file)}:${lineAt(text, match.index)}: ${match[1]} leads nowhere`]
  })
}

/** The anchors that GitHub gives to the headings of a file. */
function anchorsOf(file: string): string[] {
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)
  return Array.from(headings, ([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Compiles every block as a module of its own, as a user's project that resolves the sources would. */
async function compile(files: readonly string[]): Promise<string[]> {
  const folder = join(cache, 'docs')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const sources = new Map<string, string>()
  for (const file of files) {
    for (const { code, line } of blocksOf(readFileSync(file, 'utf8'), 'ts')) {
      const name = `block-${sources.size}.ts`
      sources.set(name, relative(root, file))
      // blank lines in front, so that the compiler's line numbers are those of the README
      writeFileSync(join(folder, name), '\n'.repeat(line) + code)
    }
  }
  if (sources.size === 0) return []
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  const config = {
    extends: relative(folder, join(root, 'tsconfig.base.json')),
    compilerOptions: { types: ['node'], moduleDetection: 'force', declaration: false, isolatedDeclarations: false },
    files: [...sources.keys()],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  try {
    await run('tsc', ['-p', folder, '--pretty', 'false'], { cwd: folder })
    return []
  } catch (error) {
    return [String(error).replace(/^block-\d+\.ts/gm, (name) => sources.get(name) ?? name)]
  }
}

function find(pattern: string): string[] {
  return globSync(pattern, { cwd: root })
    .toSorted()
    .map((file) => join(root, file))
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

if (import.meta.main) {
  const problems = [
    ...find('{*.md,packages/*/README.md,docs/**/*.md}').flatMap(brokenLinks),
    ...(await compile(find('{README.md,packages/*/README.md}'))),
  ]
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
}
