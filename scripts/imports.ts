// Reads what a TypeScript module imports, types included.
import { readFileSync } from 'node:fs'

import { parseSync } from 'vite'

/** One `import`, `export … from`, `import()` or `import('…').Type`. */
export interface Import {
  readonly specifier: string
  readonly line: number
}

/** The imports of a module, and the lines of its statements that are no `export … from`. */
export interface Module {
  readonly imports: readonly Import[]
  readonly ownLines: readonly number[]
}

/** Parses a file; throws where it is no TypeScript. */
export function readModule(file: string): Module {
  const code = readFileSync(file, 'utf8')
  const { program, errors } = parseSync(file, code)
  if (errors[0] !== undefined) throw new Error(`${file}: ${errors[0].message}`)
  const lineOf = (node: { start: number }): number => code.slice(0, node.start).split('\n').length
  const imports: Import[] = []
  visit(program, (node) => imports.push({ specifier: node.source.value, line: lineOf(node) }))
  const own = program.body.filter(
    (node) =>
      node.type !== 'ExportAllDeclaration' &&
      !(
        node.type === 'ExportNamedDeclaration' &&
        node.declaration === null &&
        (node.source !== null || node.specifiers.length === 0)
      ),
  )
  return { imports, ownLines: own.map(lineOf) }
}

interface Importing {
  start: number
  source: { value: string }
}

/** Whatever kind of node it is: one with a literal `source` imports it. */
function visit(node: unknown, onImport: (node: Importing) => void): void {
  if (typeof node !== 'object' || node === null) return
  if (isImporting(node)) onImport(node)
  for (const child of Object.values(node)) visit(child, onImport)
}

function isImporting(node: object): node is Importing {
  const { source } = node as { source?: { type?: string; value?: unknown } | null }
  return source?.type === 'Literal' && typeof source.value === 'string'
}
