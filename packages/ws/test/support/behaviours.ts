/* oxlint-disable unicorn/prefer-add-event-listener -- handlers are what is looked at */
/** What a WebSocket did in a scenario: its events with the readyState that it had, and what it returned or threw. */
export type Log = unknown[]

type Scenario = (open: (path: string, protocols?: string | string[]) => WebSocket, log: Log) => Promise<void>

const describeEvent = (event: Event): unknown[] => {
  if (event.type === 'close') {
    const { code, reason, wasClean } = event as CloseEvent
    return ['close', code, reason, wasClean]
  }
  return event.type === 'message' ? ['message', (event as MessageEvent).data] : [event.type]
}

/** Logs all events of a socket; resolves when it is closed. */
function follow(socket: WebSocket, log: Log, act: { [Type in string]?: (event: Event) => void } = {}): Promise<void> {
  log.push(['made', socket.readyState])
  return new Promise((resolve) => {
    for (const type of ['open', 'message', 'error', 'close']) {
      socket.addEventListener(type, (event) => {
        log.push([...describeEvent(event), socket.readyState, event.target === socket])
        act[type]?.(event)
        if (type === 'close') resolve()
      })
    }
  })
}

const nameOf = (act: () => void): string => {
  try {
    act()
    return 'nothing'
  } catch (error) {
    return (error as Error).name
  }
}

const until = (check: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (check()) resolve()
      else setTimeout(look, 1)
    }
    look()
  })

/** What the WHATWG standard says of a WebSocket, in scenarios that any implementation can be put through. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  async 'is closed by the server, cleanly'(open, log) {
    await follow(open('/close?code=1000&reason=done'), log)
  },
  async 'is closed by the server with a code of its own'(open, log) {
    await follow(open('/close?code=4000&reason=ä'), log)
  },
  async 'is closed by the server without a code'(open, log) {
    await follow(open('/close'), log)
  },
  async 'echoes texts in their order'(open, log) {
    const socket = open('/echo')
    let count = 0
    await follow(socket, log, {
      open() {
        for (const text of ['a', '', 'ä€😀']) socket.send(text)
      },
      message() {
        if (++count === 3) socket.close()
      },
    })
  },
  async 'gives bytes as its binaryType says'(open, log) {
    const socket = open('/echo')
    log.push(socket.binaryType)
    socket.binaryType = 'arraybuffer'
    socket.binaryType = 'nonsense' as BinaryType
    log.push(socket.binaryType)
    await follow(socket, [], {
      open() {
        socket.send(new Uint8Array([1, 2, 3]).subarray(1))
      },
      message(event) {
        const { data } = event as MessageEvent<ArrayBuffer>
        log.push(data instanceof ArrayBuffer, [...new Uint8Array(data)])
        socket.close(3001, 'enough')
      },
    })
  },
  async 'gives a Blob by default'(open, log) {
    const socket = open('/echo')
    let text: Promise<string> | undefined
    await follow(socket, [], {
      open() {
        socket.send(new Blob(['bytes']))
      },
      message(event) {
        const { data } = event as MessageEvent<Blob>
        log.push(data instanceof Blob)
        text = data.text()
        socket.close()
      },
    })
    log.push(await text)
  },
  async 'closes with a code and a reason'(open, log) {
    const socket = open('/echo')
    await follow(socket, log, {
      open() {
        socket.close(3001, 'enough')
        log.push(socket.readyState)
        // Once is enough.
        socket.close(3002)
      },
    })
    socket.close()
    log.push(socket.readyState)
  },
  async 'closes before it is open'(open, log) {
    const socket = open('/echo')
    const closed = follow(socket, log)
    socket.close(3001, 'early')
    log.push(socket.readyState)
    await closed
  },
  async 'throws where it has to'(open, log) {
    const socket = open('/echo')
    log.push(nameOf(() => socket.send('too early')))
    for (const code of [1001, 2999, 5000, 65_536 + 1000]) log.push(nameOf(() => socket.close(code)))
    log.push(nameOf(() => socket.close(1000, 'é'.repeat(62))))
    log.push(socket.readyState)
    const closed = follow(socket, [])
    await until(() => socket.readyState === 1)
    socket.close(1000, 'é'.repeat(61))
    await closed
  },
  async 'throws for what is no address and no protocol'(open, log) {
    for (const protocols of [['a', 'a'], ['a b'], [''], 'a,b']) log.push(nameOf(() => open('/echo', protocols)))
  },
  async 'is told which protocol it has'(open, log) {
    const socket = open('/echo', ['first', 'second'])
    log.push(socket.protocol, socket.extensions)
    await follow(socket, [], {
      open() {
        log.push(socket.protocol)
        socket.close()
      },
    })
    log.push(socket.protocol)
  },
  async 'has the constants, and its URL'(open, log) {
    const socket = open('/echo?a=b')
    const { CONNECTING, OPEN, CLOSING, CLOSED } = socket
    log.push([CONNECTING, OPEN, CLOSING, CLOSED])
    log.push(Object.fromEntries(['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'].map((key) => [key, key in socket])))
    log.push(new URL(socket.url).pathname, new URL(socket.url).search)
    const closed = follow(socket, [])
    socket.close()
    await closed
  },
  async 'calls a handler where it was first set'(open, log) {
    const socket = open('/echo')
    log.push(socket.onmessage, socket.onopen)
    let count = 0
    socket.onmessage = () => log.push('never')
    socket.addEventListener('message', () => log.push('listener'))
    socket.onmessage = function handle(this: WebSocket, { data, target }) {
      log.push('handler', data, target === socket, this === socket)
      if (++count === 2) socket.close()
    }
    socket.onmessage = socket.onmessage
    socket.onopen = () => {
      socket.send('1')
      socket.send('2')
    }
    socket.onerror = 'nonsense' as never
    log.push(socket.onerror)
    await follow(socket, [])
    socket.onmessage = null
    log.push(socket.onmessage)
  },
  async 'gives messages to its handler alone'(open, log) {
    const socket = open('/echo')
    socket.onopen = () => {
      socket.send('1')
    }
    await new Promise<void>((resolve) => {
      socket.onmessage = ({ type, data, target, currentTarget }) => {
        log.push(type, data, target === socket, currentTarget === socket)
        socket.close()
      }
      socket.onclose = () => {
        resolve()
      }
    })
  },
  async 'counts what it was given after its end, and sends nothing of it'(open, log) {
    const socket = open('/close?code=1000')
    await follow(socket, [])
    log.push(socket.bufferedAmount)
    socket.send('abc')
    socket.send(new Uint8Array(2))
    log.push(socket.bufferedAmount)
  },
  async 'drops messages once it closes'(open, log) {
    const socket = open('/flood')
    await follow(socket, [], {
      message() {
        if (socket.readyState === 1) socket.close()
        else log.push('a message after close()')
      },
    })
    log.push(socket.readyState)
  },
}
