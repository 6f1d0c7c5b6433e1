// A frozen page hears of another tab and begins to read; another tab writes. Run with Node 22.18 or newer.
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

// Playwright's own tabs are never hidden, and what a page reads there comes even while it is frozen.
import { launchAsUser } from '../../packages/core/test/support/tabs/launch-as-user.ts'

const script = `
  const asked = (request) =>
    new Promise((resolve, reject) => {
      request.addEventListener('success', () => resolve(request.result))
      request.addEventListener('error', () => reject(request.error))
    })
  const opening = indexedDB.open('items', 1)
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore('items'))
  const opened = asked(opening)
  const transact = async (mode, ask) => {
    const transaction = (await opened).transaction('items', mode)
    await asked(ask(transaction.objectStore('items')))
  }
  const read = () => transact('readonly', (store) => store.get('item'))
  globalThis.write = () => transact('readwrite', (store) => store.put('new', 'item'))
  globalThis.isReader = false
  globalThis.answers = 0
  const channel = new BroadcastChannel('items')
  channel.addEventListener('message', ({ data }) => {
    if (data !== 'look') return globalThis.answers++
    channel.postMessage('heard')
    if (globalThis.isReader) read()
  })
  globalThis.tell = () => channel.postMessage('look')
  opened.then(() => (globalThis.isOpen = true))`

const server = createServer((_, answer) => {
  answer.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><script>${script}</script>`)
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const user = await launchAsUser()
const { context } = user
console.log('Chromium', context.browser().version())

async function open() {
  const tab = await context.newPage()
  await tab.goto(`http://127.0.0.1:${server.address().port}/`)
  await tab.waitForFunction(() => globalThis.isOpen)
  return tab
}

for (const isReader of [false, true]) {
  const frozen = await open()
  const devtools = await context.newCDPSession(frozen)
  await frozen.evaluate((value) => (globalThis.isReader = value), isReader)
  // Once it is open, the former one is hidden.
  const tab = await open()
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
  await tab.evaluate(() => globalThis.tell())
  await tab.waitForFunction(() => globalThis.answers > 0)

  const start = performance.now()
  let writtenMs
  const writing = tab.evaluate(() => globalThis.write()).then(() => (writtenMs = Math.round(performance.now() - start)))
  await wait(5000)
  const after = writtenMs === undefined ? 'still waits after 5 s' : `took ${String(writtenMs)} ms`
  console.log(`a frozen page has heard${isReader ? ' and begins to read' : ''}: the write of another ${after}`)
  await devtools.send('Page.setWebLifecycleState', { state: 'active' })
  await writing
  if (isReader) console.log(`once that page is thawed, the write is done, after ${writtenMs} ms`)
  await Promise.all([tab.close(), frozen.close()])
}
await user.close()
server.close()
