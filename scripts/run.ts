// Runs a command to its end, or ends it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { isAbsolute, join } from 'node:path'

/** The workspace's folder. */
export const root: string = join(import.meta.dirname, '..')

interface Options {
  /** @default the workspace's folder */
  cwd?: string
  /** Added to the environment. */
  env?: NodeJS.ProcessEnv
  /** Whether the output goes straight to ours; the promise then carries none of it. */
  show?: boolean
  /** When to end the command, and all that it started. @default 10 minutes */
  timeoutMs?: number
}

const isWindows = process.platform === 'win32'
const running = new Set<ChildProcess>()

/** Resolves with what the command said, and rejects with it when the command fails or does not end in time. */
export async function run(command: string, args: readonly string[], options: Options = {}): Promise<string> {
  const { cwd = root, env = {}, show = false, timeoutMs = 600_000 } = options
  // on Windows tools are `.cmd` files, which only a shell runs
  const shell = isWindows && !isAbsolute(command)
  const child = spawn(command, shell ? args.map((arg) => `"${arg}"`) : args, {
    cwd,
    shell,
    env: { ...process.env, ...env },
    // a group of its own, so that it can be ended with all its children
    detached: !isWindows,
    stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
  })
  endWithUs(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  let ending = ''
  const timer = setTimeout(() => {
    ending = ` after ${timeoutMs / 1000} s without an end`
    end(child)
  }, timeoutMs)
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve)
    })
    if (code !== 0) throw new Error(`${[command, ...args].join(' ')}: exit code ${code}${ending}\n${output}`)
    return output
  } finally {
    clearTimeout(timer)
    running.delete(child)
  }
}

/** A group of its own does not get the terminal's Ctrl-C. */
function endWithUs(child: ChildProcess): void {
  if (running.size === 0 && !process.listeners('exit').includes(endAll)) {
    process.on('exit', endAll)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))
  }
  running.add(child)
}

function endAll(): void {
  running.forEach(end)
}

function end({ pid }: ChildProcess): void {
  if (pid === undefined) return
  if (isWindows) spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'])
  else {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // it ended meanwhile
    }
  }
}
