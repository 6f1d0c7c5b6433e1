import type { IncomingMessage } from 'node:http'

import type { TokenSet } from '@reauth/core'
import type { OAuth } from '@reauth/oauth'

import { parameters, paths } from '../contract.ts'
import { cookieOf, setCookie } from './cookies.ts'
import { BadRequest } from './read-json.ts'
import { html, redirect } from './respond.ts'
import type { Handler } from './serve.ts'
import { signInPage } from './sign-in-page.ts'

/** Where the issuer sends the browser back to. */
export const brokerCallback = '/session/callback'

/** Says that a sign-in was begun in this very browser. */
const flowCookie = 'reauth-demo-broker-flow'
const flowPlace = { path: brokerCallback, sameSite: 'Lax' } as const

/** Takes in the tokens of whoever signed in, and returns the cookie to know them by. */
type Keep = (tokens: TokenSet, request: IncomingMessage) => Promise<string>

/** Creates the two ends of a sign-in at the issuer: the way there, and the way back. */
export function createBrokerSignIn(oauth: OAuth, keep: Keep): Readonly<Record<string, Handler>> {
  return {
    async [`GET ${paths.brokerSignIn}`](_request, response, { searchParams }) {
      const address = await authorize(oauth, searchParams.get(parameters.returnTo) ?? '/')
      const state = address.searchParams.get('state') ?? ''
      redirect(response, address.href, { 'set-cookie': setCookie(flowCookie, state, { ...flowPlace, maxAge: 600 }) })
    },
    async [`GET ${brokerCallback}`](request, response, url) {
      const isBegunHere = cookieOf(request, flowCookie) === url.searchParams.get('state')
      const signedIn = isBegunHere ? await oauth.handleCallback(url).catch(() => undefined) : undefined
      if (signedIn === undefined) {
        return html(response, 400, signInPage({ message: 'This sign-in is no longer open. Go back and start again.' }))
      }
      const cookie = await keep(signedIn.tokens, request)
      redirect(response, signedIn.returnTo ?? '/', { 'set-cookie': [cookie, setCookie(flowCookie, '', flowPlace)] })
    },
  }
}

async function authorize(oauth: OAuth, returnTo: string): Promise<URL> {
  try {
    return await oauth.authorize({ returnTo, prompt: 'login consent' })
  } catch (error) {
    if (error instanceof TypeError) throw new BadRequest(error.message)
    throw error
  }
}
