// Runs a command to its end.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** The workspace's folder. */
export const root: string = join(import.meta.dirname, '..')

/** Resolves with what the command said, and rejects with it when the command fails. */
export async function run(
  command: string,
  args: readonly string[],
  { cwd = root, env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  // on Windows tools are `.cmd` files, which only a shell runs
  const shell = process.platform === 'win32' && command !== process.execPath
  const child = spawn(command, shell ? args.map((arg) => `"${arg}"`) : args, {
    cwd,
    shell,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')}: exit code ${code}\n${output}`)
  return output
}
