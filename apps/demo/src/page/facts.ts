import type { FactName, ServiceName } from '../contract.ts'

/** What the server wrote into the page's head: known before any request. */
export const facts: { readonly issuer: string; readonly clientId: string } = {
  issuer: fact('issuer'),
  clientId: fact('client'),
}

/** The origin of a service. */
export function originOf(service: ServiceName): string {
  return fact(service)
}

function fact(name: FactName): string {
  const content = document.querySelector<HTMLMetaElement>(`meta[name="demo:${name}"]`)?.content
  if (content === undefined)
    throw new TypeError(`The page lacks its fact "${name}": start it with apps/demo/src/server/main.ts`)
  return content
}
