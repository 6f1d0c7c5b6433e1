// A server that never answers, and two ways to give fetch a signal. Run with --expose-gc.
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

const server = createServer(() => {}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const url = `http://127.0.0.1:${server.address().port}/`

async function outcomeOf(send) {
  const controller = new AbortController()
  let outcome = 'not aborted'
  send(controller.signal).catch(() => (outcome = 'aborted'))
  await wait(50)
  globalThis.gc()
  await wait(50)
  controller.abort()
  await wait(200)
  return outcome
}

console.log('given to fetch:', await outcomeOf((signal) => fetch(url, { signal })))
console.log('given to the Request:', await outcomeOf((signal) => fetch(new Request(url, { signal }))))
server.closeAllConnections()
server.close()
