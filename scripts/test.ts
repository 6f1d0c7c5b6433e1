// Tests everything, and ends with the line that tells the result: `N passed, N failed, N skipped`.
import { readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { cache } from './chromium.ts'
import { run } from './run.ts'

interface Count {
  passed: number
  failed: number
  skipped: number
}

/** What this script reads of vitest's JSON report. */
interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { status: string; assertionResults: unknown[] }[]
}

const areTyped = await succeeds('pnpm', ['run', 'typecheck'])
const hasBrowser = await succeeds(process.execPath, [join(import.meta.dirname, 'ensure-browser.ts')])
const { passed, failed, skipped } = hasBrowser ? await runVitest() : { passed: 0, failed: 1, skipped: 0 }
const failures = failed + (areTyped ? 0 : 1)

console.log(`${passed} passed, ${failures} failed, ${skipped} skipped`)
process.exitCode = failures === 0 ? 0 : 1

async function runVitest(): Promise<Count> {
  const file = join(cache, 'vitest.json')
  rmSync(file, { force: true })
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  // scripts run on the Node of the lockfile; REAUTH_NODE names another one to test on
  const node = process.env['REAUTH_NODE'] || process.execPath
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const exitedWell = await succeeds(node, [vitest, 'run', ...reporters, ...process.argv.slice(2)])
  const result = read(file)
  // unhandled errors and failing hooks fail the run without failing a test
  if (!exitedWell && result.failed === 0) result.failed = 1
  return result
}

function read(file: string): Count {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report
    // a file that does not load has no tests in it: it counts as one failure
    const unloaded = report.testResults.filter((one) => one.status === 'failed' && one.assertionResults.length === 0)
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + unloaded.length,
      skipped: report.numPendingTests + report.numTodoTests,
    }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, args, { show: true, timeoutMs: 45 * 60_000 })
    return true
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return false
  }
}
