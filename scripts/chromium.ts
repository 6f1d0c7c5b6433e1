// Says which Chromium the browser tests launch.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Let Chromium run as root in a container, stay off the network, and play media without a click. */
export const flags: string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
]

/** What scripts keep between runs. */
export const cache: string = join(import.meta.dirname, '..', 'node_modules', '.cache', 'reauth')

/** Holds the path of the browser that `ensure-browser.ts` launched last. */
export const provenFile: string = join(cache, 'chromium.path')

const names = ['google-chrome-stable', 'google-chrome', 'chrome', 'chromium', 'chromium-browser', 'microsoft-edge']
const onWindows = [
  join('Google', 'Chrome', 'Application', 'chrome.exe'),
  join('Microsoft', 'Edge', 'Application', 'msedge.exe'),
]
const onMac = ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
  (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
)

/** Lists the browsers that this machine has by itself; none with `REAUTH_NO_SYSTEM_BROWSER=1`. */
export function systemBrowsers(env: NodeJS.ProcessEnv = process.env): string[] {
  if (env['REAUTH_NO_SYSTEM_BROWSER'] === '1') return []
  const path = (env['PATH'] ?? '').split(delimiter)
  const programs = [env['PROGRAMFILES'], env['PROGRAMFILES(X86)'], env['LOCALAPPDATA']].filter(
    (dir) => dir !== undefined,
  )
  const candidates =
    process.platform === 'win32'
      ? onWindows.flatMap((file) => programs.map((dir) => join(dir, file)))
      : [
          ...names.flatMap((name) => path.map((dir) => join(dir, name))),
          ...(process.platform === 'darwin' ? onMac : []),
        ]
  return candidates.filter(isExecutable)
}

/** Names the browser to launch: `CHROMIUM_PATH`, else the proven one, else a system one. Undefined leaves it to Playwright. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const proven = existsSync(provenFile) ? readFileSync(provenFile, 'utf8') : ''
  return env['CHROMIUM_PATH'] || (isExecutable(proven) ? proven : systemBrowsers(env)[0])
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
