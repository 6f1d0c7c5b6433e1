import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createSession, type Session } from '@reauth/core'
import { createFetch } from '@reauth/fetch'
import { createIssuer, type Issuer } from '@reauth/testkit'
import OpenAI from 'openai'
import { expect, it, onTestFinished } from 'vitest'

interface World {
  readonly origin: string
  readonly issuer: Issuer
  readonly session: Session
  /** What was answered, in order. */
  readonly answers: number[]
  /** Ends the access token that is in use. */
  expire(): Promise<void>
}

/** A server that takes the tokens of an issuer, with a session at it. */
async function openWorld(handle: (incoming: IncomingMessage, outgoing: ServerResponse) => void): Promise<World> {
  const issuer = createIssuer()
  const answers: number[] = []
  const server = createServer((incoming, outgoing) => {
    outgoing.once('close', () => answers.push(outgoing.statusCode))
    const token = incoming.headers.authorization?.slice('Bearer '.length) ?? ''
    if (issuer.check(token) === 'ok') handle(incoming, outgoing)
    else outgoing.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const session = createSession({ refresh: issuer.refresh, origins: [origin] })
  await session.signIn(issuer.signIn({ identity: 'alice' }).tokens)
  onTestFinished(async () => {
    await session[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
    expect(issuer.reuseDetected).toBe(0)
  })
  return {
    origin,
    issuer,
    session,
    answers,
    async expire() {
      issuer.revokeAccessToken((await session.tokens())?.accessToken ?? '')
    },
  }
}

it('openai’s SDK streams over an expiry, unchanged', async () => {
  let release = (): void => {}
  const world = await openWorld((_, outgoing) => {
    const delta = (content: string): string =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write(delta('first'))
    release = () => outgoing.end(`${delta(' second')}data: [DONE]\n\n`)
  })
  const client = new OpenAI({
    apiKey: 'not used',
    baseURL: `${world.origin}/v1`,
    fetch: createFetch(world.session, { authorization: 'replace' }),
    maxRetries: 0,
  })
  const ask = async (meanwhile: () => Promise<void>): Promise<string> => {
    const stream = await client.chat.completions.create({
      model: 'any',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    })
    let text = ''
    for await (const { choices } of stream) {
      text += choices[0]?.delta.content ?? ''
      if (text === 'first') {
        await meanwhile()
        release()
      }
    }
    return text
  }

  // The token ends while an answer is on its way, and so the next question is refused.
  expect(await ask(world.expire)).toBe('first second')
  expect(await ask(async () => {})).toBe('first second')
  expect(world.answers).toEqual([200, 401, 200])
  expect(world.issuer.refreshes).toBe(1)
})

it('the MCP SDK’s streamable HTTP client works over an expiry, and its stream is taken up again', async () => {
  const mcp = new McpServer({ name: 'server', version: '1' })
  mcp.registerTool('hello', {}, () => ({ content: [{ type: 'text', text: 'Hello' }] }))
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => 'one' })
  await mcp.connect(transport)
  let listening: ServerResponse | undefined
  let listens = 0
  const world = await openWorld((incoming, outgoing) => {
    if (incoming.method === 'GET') {
      listening = outgoing
      listens++
    }
    void transport.handleRequest(incoming, outgoing)
  })
  const client = new Client({ name: 'client', version: '1' })
  const changes: unknown[] = []
  const changed = new Promise<void>((resolve) => {
    client.fallbackNotificationHandler = (notification) => {
      changes.push(notification.method)
      resolve()
      return Promise.resolve()
    }
  })
  const clientTransport = new StreamableHTTPClientTransport(new URL(`${world.origin}/mcp`), {
    fetch: createFetch(world.session),
    reconnectionOptions: {
      initialReconnectionDelay: 1,
      maxReconnectionDelay: 1,
      reconnectionDelayGrowFactor: 1,
      maxRetries: 5,
    },
  })
  await client.connect(clientTransport)
  onTestFinished(() => client.close())
  const hello = { content: [{ type: 'text', text: 'Hello' }] }
  expect(await client.callTool({ name: 'hello' })).toEqual(hello)
  await expect.poll(() => listens).toBe(1)

  await world.expire()
  expect(await client.callTool({ name: 'hello' })).toEqual(hello)
  expect(world.issuer.refreshes).toBe(1)

  // The stream of notifications is cut when a token ends, as its server would.
  await world.expire()
  transport.closeStandaloneSSEStream()
  listening?.end()
  await expect.poll(() => listens).toBe(2)
  expect(world.issuer.refreshes).toBe(2)
  mcp.sendToolListChanged()
  await changed
  expect(changes).toEqual(['notifications/tools/list_changed'])
  expect(world.answers.filter((status) => status === 401)).toHaveLength(2)
})
