// How much of core the tests hold on to: `pnpm test:mutation`, explained in docs/mutation-testing.md.

/** Leaves the messages of errors as they are. This file is its own plugin. */
const messages = {
  kind: 'Ignore',
  name: 'messages',
  value: {
    shouldIgnore: ({ node, parent, listKey, key }) =>
      ['StringLiteral', 'TemplateLiteral'].includes(node.type) &&
      parent?.type === 'NewExpression' &&
      parent.callee.name?.endsWith('Error') === true &&
      listKey === 'arguments' &&
      key === 0
        ? 'The message of an error is prose: tests hold on to its class, its reason and its cause'
        : undefined,
  },
}

export const strykerPlugins = [messages]

export default {
  mutate: [
    'packages/core/src/**/*.ts',
    // exports only
    '!packages/core/src/{index,remote,stash}.ts',
    // runs in a browser only, where its tests are
    '!packages/core/src/indexed-db-storage.ts',
    '!**/*.d.ts',
  ],
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner', './stryker.config.mjs'],
  ignorers: ['messages'],
  vitest: { configFile: 'vitest.mutation.config.ts', related: false },
  coverageAnalysis: 'perTest',
  concurrency: 1,
  timeoutMS: 6000,
  // a copy with its own `node_modules` would be slow; types are the business of `pnpm typecheck`
  disableTypeChecks: false,
  // Stryker would rewrite it with an API that TypeScript 7 has not got
  ignorePatterns: ['/tsconfig.json', '/apps', '/bench', '/docs', '/coverage', '**/dist'],
  tempDirName: 'dist/mutation',
  cleanTempDir: 'always',
  incremental: true,
  incrementalFile: 'node_modules/.cache/mutation/incremental.json',
  reporters: ['clear-text', 'progress-append-only', 'html'],
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: 'node_modules/.cache/mutation/report.html' },
  thresholds: { high: 95, low: 90, break: 90 },
}
