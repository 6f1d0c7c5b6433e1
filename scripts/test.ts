// Tests everything, and ends with the line that tells the result: `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { cache } from './chromium.ts'
import { root } from './run.ts'

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

const count: Count = { passed: 0, failed: 0, skipped: 0 }
if (!succeeds('pnpm', ['run', 'typecheck'])) count.failed++
if (succeeds(process.execPath, [join(import.meta.dirname, 'ensure-browser.ts')])) add(runVitest())
else count.failed++

console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
process.exitCode = count.failed === 0 ? 0 : 1

function runVitest(): Count {
  const file = join(cache, 'vitest.json')
  rmSync(file, { force: true })
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  // scripts run on the Node of the lockfile; REAUTH_NODE names another one to test on
  const node = process.env['REAUTH_NODE'] || process.execPath
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const exitedWell = succeeds(node, [vitest, 'run', ...reporters, ...process.argv.slice(2)])
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

function add(other: Count): void {
  count.passed += other.passed
  count.failed += other.failed
  count.skipped += other.skipped
}

function succeeds(command: string, args: readonly string[]): boolean {
  const shell = process.platform === 'win32' && command === 'pnpm'
  return spawnSync(command, args, { cwd: root, shell, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
}
