/**
 * Returns the address of a session broker: what is configured, else what was stored. A stored address that is just the
 * page's own origin counts as absent, as does one that is no URL: it is what an older version left behind, and would
 * disable the refresh. Undefined: derive it anew.
 *
 * @param page The page's origin, or any address in it.
 */
export function resolveBroker({
  configured,
  stored,
  page,
}: {
  configured?: string | undefined
  stored?: string | undefined
  page: string
}): string | undefined {
  return configured || (stored && isElsewhere(stored, page) ? stored : undefined)
}

function isElsewhere(stored: string, page: string): boolean {
  try {
    return new URL(stored).href !== `${new URL(page).origin}/`
  } catch {
    return false
  }
}
