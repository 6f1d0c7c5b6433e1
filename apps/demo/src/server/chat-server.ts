import type { Provider } from 'oidc-provider'

import { type ChatCounters, type ChatMessage, type ChatServer, paths, type Profile } from '../contract.ts'
import type { Count } from './counters.ts'
import { isFromPage, letPageIn } from './from-page.ts'
import { createGate, type Grant } from './gate.ts'
import { createInteraction } from './interaction.ts'
import { findPerson } from './people.ts'
import { BadRequest, readJson } from './read-json.ts'
import { refuse } from './refuse.ts'
import { json } from './respond.ts'
import type { Handler } from './serve.ts'
import { signInDirectly } from './sign-in-directly.ts'

interface ChatOptions {
  readonly name: ChatServer
  /** Its own issuer. */
  readonly provider: Provider
  readonly clientId: string
  readonly count: Count<keyof ChatCounters>
  readonly pageOrigin: string
}

/** What a chat server's tokens are for. Without `openid` there is no ID token: `sub` tells who it is. */
const scope = 'chat offline_access'
const kept = 100

/** Creates a chat server: an issuer with a sign-in form of its own, and what one sees with its tokens. */
export function createChatServer({ name, provider, clientId, count, pageOrigin }: ChatOptions): Handler {
  const gate = createGate(provider)
  const oidc = provider.callback()
  const interaction = createInteraction(provider)
  const messages: ChatMessage[] = [{ id: 1, from: name, text: `Welcome to ${name}.`, at: Date.now() }]

  const signIn: Handler = async (request, response) => {
    if (!isFromPage(request, pageOrigin)) return json(response, 403, { error: 'only the demo page may ask' })
    const { person } = await readJson(request)
    const account = findPerson(typeof person === 'string' ? person : '')
    if (account === undefined) throw new BadRequest('person has no account')
    const tokens = await signInDirectly(provider, { clientId, accountId: account.id, scope })
    count.add('codeExchanges')
    json(response, 200, tokens)
  }

  function say(grant: Grant, text: unknown): ChatMessage {
    if (typeof text !== 'string' || text === '') throw new BadRequest('text has to be a text')
    const id = (messages.at(-1)?.id ?? 0) + 1
    const message: ChatMessage = { id, from: grant.accountId, text: text.slice(0, 2000), at: Date.now() }
    messages.push(message)
    messages.splice(0, messages.length - kept)
    return message
  }

  const api: Handler = async (request, response, url) => {
    const entry = await gate.enter(gate.credentialOf(request, url), 'chat')
    if (entry.status === 401) count.add('unauthorized')
    if (entry.status !== 200) return refuse(response, entry)
    count.add('ok')
    if (url.pathname === paths.chatProfile) {
      return json(response, 200, findPerson(entry.grant.accountId) satisfies Profile | undefined)
    }
    if (request.method === 'POST') json(response, 201, say(entry.grant, (await readJson(request))['text']))
    else json(response, 200, messages)
  }

  return (request, response, url) => {
    const { pathname: path } = url
    const handler = { [paths.chatSignIn]: signIn, [paths.chatProfile]: api, [paths.chatMessages]: api }[path]
    if (handler !== undefined) {
      return letPageIn(request, response, pageOrigin) ? undefined : handler(request, response, url)
    }
    if (request.method === 'POST' && path === '/token') count.add('tokenPosts')
    return path.startsWith('/interaction/') ? interaction(request, response) : oidc(request, response)
  }
}
