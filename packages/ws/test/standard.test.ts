import { describe, expect } from 'vitest'
import { WebSocket as NodeWebSocket } from 'ws'

import { createWebSocketClass } from '../src/create-web-socket-class.ts'
import { createWebSocketClass as createNodeClass } from '../src/node-sockets.ts'
import { type Log, scenarios } from './support/behaviours.ts'
import { serveScenarios } from './support/serve-scenarios.ts'
import { it } from './support/world.ts'

/** Where these two depart from the standard, and the class does not; in a page it is compared without exception. */
const ownWays = {
  node: [
    'gives bytes as its binaryType says',
    'closes before it is open',
    'calls a handler where it was first set',
    'counts what it was given after its end, and sends nothing of it',
  ],
  ws: [
    'gives bytes as its binaryType says',
    'gives a Blob by default',
    'closes before it is open',
    'throws where it has to',
    'calls a handler where it was first set',
    'gives messages to its handler alone',
    'drops messages once it closes',
  ],
}

describe.for([
  ['the WebSocket of Node', WebSocket, createWebSocketClass, ownWays.node],
  ['ws', NodeWebSocket as unknown as typeof WebSocket, createNodeClass, ownWays.ws],
] as const)('a socket of the class over %s', ([, Platform, create, own]) => {
  it.for(Object.entries(scenarios).filter(([name]) => !own.includes(name)))('%s', async ([, run], { world }) => {
    const { server, open } = world
    serveScenarios(server)
    const Class = create(open())
    const logs: Log[] = []
    for (const Each of [Platform, Class]) {
      const log: Log = []
      await run((path, protocols) => new Each(`${server.origin.replace('http', 'ws')}${path}`, protocols), log)
      logs.push(log)
    }
    expect(logs[1]).toEqual(logs[0])
  })
})
