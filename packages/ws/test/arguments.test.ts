import { staticSource } from '@reauth/core'
import { describe, expect, it } from 'vitest'

import { createWebSocketClass } from '../src/create-web-socket-class.ts'
import { createWebSocket } from '../src/create-web-socket.ts'
import { header } from '../src/header.ts'
import { cookie, firstMessage, subprotocol } from '../src/placement.ts'

const token = 'secret-token'
const source = staticSource(token, { origins: ['https://api.test'] })
const Class = createWebSocketClass(source)
const make = {
  createWebSocket: (url: string, protocols?: string | string[]) => {
    createWebSocket(source, url, { placement: cookie(), ...(protocols !== undefined && { protocols }) }).close()
  },
  'the class': (url: string, protocols?: string | string[]) => {
    new Class(url, protocols).close()
  },
}

describe.for(Object.entries(make))('%s', ([, open]) => {
  it.for(['ftp://api.test/', 'mailto:a@api.test', 'wss://api.test/#part', '/relative', 'wss://', ''])(
    'throws a SyntaxError for "%s"',
    (url) => {
      expect(() => {
        open(url)
      }).toThrow(expect.objectContaining({ name: 'SyntaxError' }))
    },
  )

  it.for(['wss://elsewhere.test/', 'ws://api.test/', 'wss://api.test.elsewhere.test/'])(
    'throws a TypeError with the line to add for %s, where no token may go',
    (url) => {
      const origin = new URL(url).origin.replace('ws', 'http')
      expect(() => {
        open(url)
      }).toThrow(new RegExp(`add origins: \\['${origin}'\\]`))
      expect(() => {
        open(url)
      }).toThrow(TypeError)
    },
  )

  it.for([['a', 'a'], ['a', 'A'], 'a b', 'ä', ['']])('throws a SyntaxError for the protocols %o', (protocols) => {
    expect(() => {
      open('wss://api.test/', protocols)
    }).toThrow(expect.objectContaining({ name: 'SyntaxError' }))
  })

  it('takes https for wss', () => {
    expect(() => {
      open('https://api.test/')
    }).not.toThrow()
  })
})

describe('createWebSocket', () => {
  it('says which placements there are where none is given', () => {
    expect(() => createWebSocket(source, 'wss://api.test/', {} as never)).toThrow(/placement: firstMessage/)
  })

  it('throws for a placement that needs headers, and so does the class', () => {
    expect(() => createWebSocket(source, 'wss://api.test/', { placement: header() })).toThrow(/@reauth\/ws\/node/)
    expect(() => createWebSocketClass(source, { placement: header() })).toThrow(TypeError)
  })

  it.for([999, 1001, 1005, 1006, 1008, 2999, 5000, NaN])('throws for close(%d)', (code) => {
    for (const socket of [
      createWebSocket(source, 'wss://api.test/', { placement: firstMessage() }),
      new Class('wss://api.test/'),
    ]) {
      expect(() => {
        socket.close(code)
      }).toThrow(expect.objectContaining({ name: 'InvalidAccessError' }))
      expect(() => {
        socket.close(1000, 'é'.repeat(62))
      }).toThrow(expect.objectContaining({ name: 'SyntaxError' }))
      expect(socket.readyState).toBe(0)
      socket.close()
    }
  })

  it('ends with a SyntaxError that does not show the token where no subprotocol can carry it', async () => {
    const unfit = staticSource(`${token}/=`, { origins: ['https://api.test'] })
    const socket = createWebSocket(unfit, 'wss://api.test/', { placement: subprotocol(), protocols: 'app' })
    const error = await new Promise<DOMException>((resolve) => {
      socket.addEventListener('error', (event) => {
        resolve((event as Event & { error: DOMException }).error)
      })
    })
    expect(error).toMatchObject({ name: 'SyntaxError' })
    expect(String(error) + error.stack).not.toContain(token)
    expect(socket.readyState).toBe(3)
  })

  it('ends with a TypeError where a function leads to an origin that is not listed', async () => {
    const socket = createWebSocket(source, () => 'wss://elsewhere.test/', { placement: firstMessage() })
    const error = await new Promise<unknown>((resolve) => {
      socket.addEventListener('error', (event) => {
        resolve((event as Event & { error: unknown }).error)
      })
    })
    expect(error).toBeInstanceOf(TypeError)
  })
})
