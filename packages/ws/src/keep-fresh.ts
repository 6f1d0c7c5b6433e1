import type { Credential } from '@reauth/core'

import type { Line, LineOptions } from './line.ts'

/**
 * Follows the session's credential with an open line, before the server finds the old one lapsed. Calls back once where
 * the line has to be replaced for that. Returns what answers a server that asks: what is fresh is what it gets, be it
 * the same.
 */
export function keepFresh(line: Line, { source, placement }: LineOptions, outdated: () => void): () => void {
  let latest = line.credential?.version ?? Infinity

  function present(credential: Credential): void {
    latest = credential.version
    line.present(credential)
  }

  function renewTo(credential: Credential): void {
    // What the server is closing already ends by its code.
    if (credential.version <= latest || line.socket.readyState !== 1) return
    if (placement.repeat === true) return present(credential)
    latest = Infinity
    outdated()
  }

  if (line.credential !== undefined) {
    line.whenOver(source.hold({ onCredential: renewTo }))
    // What came since the line was dialled is told to nobody.
    source.acquire().then(renewTo, () => {})
  }
  return () => {
    source.acquire().then(present, () => {})
  }
}
