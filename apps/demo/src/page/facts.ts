/** What the server wrote into the page's head: known before any request. */
export const facts: { readonly issuer: string; readonly clientId: string } = {
  issuer: fact('issuer'),
  clientId: fact('client'),
}

function fact(name: string): string {
  const content = document.querySelector<HTMLMetaElement>(`meta[name="demo:${name}"]`)?.content
  if (content === undefined)
    throw new TypeError(`The page lacks its fact "${name}": start it with apps/demo/src/server/main.ts`)
  return content
}
