import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

import type { Provider } from 'oidc-provider'

import { findPerson } from './people.ts'
import { html } from './respond.ts'
import { signInPage } from './sign-in-page.ts'

/** Creates the handler of `/interaction/…`: one click signs in, consent is given without asking. */
export function createInteraction(
  provider: Provider,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    try {
      await step(provider, request, response)
    } catch {
      html(
        response,
        400,
        signInPage({ message: 'This sign-in is no longer open. Go back to the demo and start again.' }),
      )
    }
  }
}

async function step(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response)
  if (prompt.name === 'consent') {
    // one for each sign-in, so that a revocation or a replay ends no other
    const grant = new provider.Grant({ accountId: session?.accountId, clientId: String(params['client_id']) })
    grant.addOIDCScope(String(params['scope']))
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
  }
  const person =
    request.method === 'POST' ? findPerson(new URLSearchParams(await text(request)).get('person')) : undefined
  if (person === undefined) return html(response, 200, signInPage({ action: request.url ?? '' }))
  await provider.interactionFinished(request, response, { login: { accountId: person.id } })
}
