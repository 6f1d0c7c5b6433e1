// Makes sure that there is a Chromium that starts: one that is there, else one that it installs, else it fails.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'

import { chromium } from 'playwright'

import { installers, npmChromium } from './chromium-installers.ts'
import { cache, flags, provenFile, systemBrowsers } from './chromium.ts'

const named = process.env['CHROMIUM_PATH'] || undefined
let found = await firstThatStarts()
for (const { name, applies, install } of installers) {
  if (found !== undefined || named !== undefined) break
  if (!applies) continue
  console.error(`browser: none starts yet; trying ${name}`)
  try {
    install()
  } catch (error) {
    console.error(`browser: ${reasonOf(error)}`)
  }
  found = await firstThatStarts()
}

if (found === undefined) {
  console.error(
    named === undefined
      ? 'browser: no Chromium starts here. Install Google Chrome or Chromium, or set CHROMIUM_PATH=/path/to/chrome, and run this again.'
      : `browser: CHROMIUM_PATH=${named} does not start. Correct it, or unset it to let this script find a browser, and run this again.`,
  )
  process.exit(1)
}
mkdirSync(cache, { recursive: true })
writeFileSync(provenFile, found.path)
console.log(`browser: ${found.version} ${found.path}`)

/** Only a launch proves a browser: a file can lack libraries, and a wrapper can lack its browser. */
async function firstThatStarts(): Promise<{ path: string; version: string } | undefined> {
  const paths = named === undefined ? [...systemBrowsers(), chromium.executablePath(), npmChromium] : [named]
  for (const path of paths.filter((file) => existsSync(file))) {
    try {
      const browser = await chromium.launch({ executablePath: path, args: flags, timeout: 20_000 })
      try {
        await browser.newPage()
        return { path, version: browser.version() }
      } finally {
        await browser.close()
      }
    } catch (error) {
      console.error(`browser: ${path} does not start: ${reasonOf(error)}`)
    }
  }
  return undefined
}

/** The line that names the cause, out of a message that quotes all the output of a browser or an installer. */
function reasonOf(error: unknown): string {
  const [first = '', ...output] = String(error).split('\n')
  return output.find((line) => /shared libraries|^Error:|^npm error|^E: /.test(line))?.trim() ?? first
}
