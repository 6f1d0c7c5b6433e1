import { fileURLToPath } from 'node:url'

import { build, defaultClientConditions } from 'vite'

let bundle: Promise<string> | undefined

/** Returns the script of `page.ts`, bundled once. */
export function bundlePage(): Promise<string> {
  return (bundle ??= bundled(fileURLToPath(new URL('page.ts', import.meta.url))))
}

async function bundled(input: string): Promise<string> {
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
