import { people } from '../contract.ts'

const style = `
:root { color-scheme: light dark; --paper: light-dark(#f4f1ea, #14171c); --card: light-dark(#fffdf8, #1c2027); --ink: light-dark(#1d2320, #eceae3);
  --quiet: light-dark(#5d645f, #a2a8a4); --line: light-dark(#d9d4c7, #333a43); --accent: light-dark(#0b6b57, #5fd3b3); }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100dvh; display: grid; place-content: center; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
main { width: min(22rem, 100vw - 3rem); padding: 2rem 1.75rem; background: var(--card); border: 1px solid var(--line); border-radius: 1.25rem; }
h1 { margin: 0 0 .35rem; font-size: 1.4rem; letter-spacing: -.015em; }
p { margin: 0; color: var(--quiet); font-size: .9rem; }
form { display: grid; gap: .6rem; margin-top: 1.5rem; }
button { display: flex; align-items: center; gap: .8rem; padding: .65rem .75rem; font: inherit; font-weight: 600; text-align: start; color: inherit;
  background: none; border: 1px solid var(--line); border-radius: .8rem; cursor: pointer; }
button:hover { border-color: var(--accent); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
i { display: grid; place-content: center; width: 2.3rem; height: 2.3rem; border-radius: 50%; font-style: normal; color: var(--card); background: var(--accent); }
`

const choices = people
  .map(
    ({ id, name }) =>
      `<button name="person" value="${id}"><i aria-hidden="true">${name.slice(0, 1)}</i>${name}</button>`,
  )
  .join('')

/** Renders the issuer's page: who signs in, or why nobody can. `action` is the form's own path. */
export function signInPage(content: { action: string } | { message: string }): string {
  const body =
    'action' in content
      ? `<p>You left the demo: this page belongs to the issuer.</p><form method="post" action="${encodeURI(content.action)}">${choices}</form>`
      : `<p>${content.message}</p>`
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sign in · demo issuer</title><style>${style}</style><main><h1>Who is signing in?</h1>${body}</main></html>`
}
