// Puts one bug into one module, for `scripts/mutants.ts`.
import type { Plugin } from 'vite'

interface Bug {
  readonly file: string
  readonly from: string
  readonly to: string
}

/** The plugin that plants what `REAUTH_MUTANT` names; none where it names nothing. */
export function planted(): Plugin[] {
  const named = process.env['REAUTH_MUTANT']
  if (named === undefined) return []
  const { file, from, to } = JSON.parse(named) as Bug
  return [
    {
      // also what its results are cached under
      name: `planted-bug ${named}`,
      enforce: 'pre',
      transform: (code, id) => (id === file ? code.replace(from, () => to) : undefined),
    },
  ]
}
