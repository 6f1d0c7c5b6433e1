import { expect, it } from 'vitest'

import { run } from '../scripts/run.ts'

const node = (code: string, options?: { timeoutMs: number }): Promise<string> =>
  run(process.execPath, ['--eval', code], options)

it('resolves with all that a command said', async () => {
  expect(await node('console.log("out"); console.error("err")')).toMatch(/out\n[^]*err\n|err\n[^]*out\n/)
})

it('rejects with the exit code and the output of a command that fails', async () => {
  await expect(node('console.log("why"); process.exit(3)')).rejects.toThrow(/exit code 3\n[^]*why/)
})

it('rejects when there is no such command', async () => {
  await expect(run('no-such-command-anywhere', [])).rejects.toThrow()
})

it('ends a command that does not end by itself, and what that one started', async () => {
  // the inner command holds the output open: without its end the promise would not settle
  const inner = 'require("node:child_process").spawn(process.execPath, ["--eval", "for (;;);"], { stdio: "inherit" })'
  await expect(node(inner, { timeoutMs: 1_000 })).rejects.toThrow('after 1 s without an end')
}, 20_000)
