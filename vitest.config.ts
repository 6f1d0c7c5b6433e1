import { playwright } from '@vitest/browser-playwright'
import { msw } from 'msw/vite'
import { defaultClientConditions, defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

import { findChromium, flags } from './scripts/chromium.ts'
import { planted } from './scripts/plant.ts'

const source = '@reauth/source'
const resolve = { conditions: [source, ...defaultClientConditions] }
const ssr = { resolve: { conditions: [source, ...defaultServerConditions] } }
const executablePath = findChromium()

export default defineConfig({
  test: {
    coverage: {
      include: ['packages/core/src/**'],
      thresholds: { lines: 100 },
    },
    projects: [
      {
        resolve,
        ssr,
        plugins: planted(),
        test: {
          name: 'node',
          environment: 'node',
          include: ['packages/*/test/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts'],
          restoreMocks: true,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            checker: 'tsc',
            tsconfig: './tsconfig.types.json',
            include: ['packages/*/test/**/*.test-d.ts'],
          },
        },
      },
      {
        resolve,
        // serves msw's worker script, so that no copy of it is committed
        plugins: [msw({ mode: 'worker-only' })],
        test: {
          name: 'browser',
          include: ['packages/*/test/**/*.browser.test.ts', 'packages/*/test/**/*.neutral.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { ...(executablePath !== undefined && { executablePath }), args: flags },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['apps/demo/e2e/**/*.e2e.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          // each file starts its own servers and browser: one at a time on a small machine
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'tabs',
          environment: 'node',
          include: ['packages/*/test/**/*.tabs.ts'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          // each file launches a browser of many processes: one at a time on a small machine, after all the others
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'release',
          environment: 'node',
          include: ['test/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
