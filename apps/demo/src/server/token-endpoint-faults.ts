import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Tally } from './counters.ts'
import { letPageIn } from './from-page.ts'
import { html } from './respond.ts'
import type { LiveSettings } from './settings.ts'

/** Does to a request for tokens what the settings say. Returns true where it has answered in the issuer's place. */
export async function spoil(
  request: IncomingMessage,
  response: ServerResponse,
  { settings, tally, pageOrigin }: { settings: LiveSettings; tally: Tally; pageOrigin: string },
): Promise<boolean> {
  const { issuerDelayMs } = settings.current
  if (issuerDelayMs > 0) await sleep(issuerDelayMs, undefined, { ref: false })
  if (settings.current.captivePortal) {
    tally.others.add('portalPages')
    letPageIn(request, response, pageOrigin)
    html(response, 200, portal)
    return true
  }
  if (settings.loseAnswer()) {
    tally.others.add('lostAnswers')
    breakOff(response)
  }
  return false
}

const portal = '<!doctype html><title>Free Wi-Fi</title><p>Welcome! Accept the terms to go online.</p>'

/**
 * Cuts the answer after its head. Where not even that had come, a browser would send the request again by itself, the
 * refresh token with it: see docs/discoveries/chromium-sends-a-post-again.md.
 */
function breakOff(response: ServerResponse): void {
  response.end = () => {
    response.removeHeader('content-length')
    response.write(' ', () => response.destroy())
    return response
  }
}
