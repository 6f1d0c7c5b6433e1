/**
 * The issuer's answer that this page was opened with, if it was. Taken as the module loads: the code is out of the
 * address bar, and of the history, before the page renders anything.
 */
export const callback: URL | undefined = takeCallback(new URL(location.href))

function takeCallback(url: URL): URL | undefined {
  const { searchParams } = url
  if (!searchParams.has('state') || !(searchParams.has('code') || searchParams.has('error'))) return undefined
  history.replaceState(null, '', url.pathname)
  return url
}
