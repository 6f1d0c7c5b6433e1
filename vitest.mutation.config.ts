import { join } from 'node:path'
import { defaultClientConditions, defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const source = '@reauth/source'
const packages = join(import.meta.dirname, 'packages')

/** What killed the mutant before goes first, then what is short: a mutant is done with at its first failure. */
class KillersFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const cost = (file: TestSpecification): number => {
      const last = this.ctx.cache.getTestSpecificationResult(file)
      return last?.failed === true ? -1 : (last?.duration ?? 0)
    }
    return files.toSorted((a, b) => cost(a) - cost(b))
  }
}

/** The unit tests of core, for `stryker.config.mjs`. */
export default defineConfig({
  resolve: {
    conditions: [source, ...defaultClientConditions],
    // `node_modules` leads out of the copy that is mutated, back to the sources
    alias: [
      { find: /^@reauth\/(core|testkit)$/, replacement: join(packages, '$1/src/index.ts') },
      { find: /^@reauth\/core\/(\w+)$/, replacement: join(packages, 'core/src/$1.ts') },
      { find: /^@reauth\/testkit\/node$/, replacement: join(packages, 'testkit/src/node/index.ts') },
    ],
  },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    environment: 'node',
    include: ['packages/core/test/**/*.test.ts'],
    exclude: [
      '**/*.browser.test.ts',
      // each runs the sources that are on disk, where no mutant is switched on
      '**/*.workers.test.ts',
      // each measures, which a mutated source would falsify
      '**/*.memory.test.ts',
      '**/*.linear.test.ts',
    ],
    restoreMocks: true,
    // one worker for all files, which need not start one each
    isolate: false,
    sequence: { sequencer: KillersFirst },
    env: { REAUTH_RACE_RUNS: '60' },
    // a mutant that never answers is killed by this
    testTimeout: 4000,
    hookTimeout: 4000,
  },
})
