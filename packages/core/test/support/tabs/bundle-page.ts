import { fileURLToPath } from 'node:url'

import { build, defaultClientConditions } from 'vite'

const bundles = new Map<string, Promise<string>>()

/** Bundles a script of this folder for a page, with core from its source; once per file of tests. */
export function bundlePage(script: string): Promise<string> {
  const bundle = bundles.get(script) ?? bundleOf(fileURLToPath(new URL(script, import.meta.url)))
  bundles.set(script, bundle)
  return bundle
}

async function bundleOf(input: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['@reauth/source', ...defaultClientConditions] },
    build: { write: false, minify: false, modulePreload: false, target: 'esnext', rolldownOptions: { input } },
  })
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((one) => ('output' in one ? one.output : []))
  const [chunk, ...rest] = outputs.filter((one) => one.type === 'chunk')
  if (chunk === undefined || rest.length > 0) throw new Error(`${input} has to become one chunk`)
  return chunk.code
}
