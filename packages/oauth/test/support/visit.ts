/** Goes through a sign-in as a browser does, with its cookies, until it would leave the issuer; returns where to. */
export async function visit(start: URL, jar: Map<string, string> = new Map()): Promise<URL> {
  let url = start
  for (let hops = 0; hops < 12; hops++) {
    const cookie = Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ')
    // One after the other: each answer says where the next goes.
    // oxlint-disable-next-line no-await-in-loop
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s)
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) throw new Error(`${response.status} at ${url.pathname}: ${await response.text()}`)
    url = new URL(location, url)
    if (url.origin !== start.origin) return url
  }
  throw new Error('The issuer goes round in circles')
}
