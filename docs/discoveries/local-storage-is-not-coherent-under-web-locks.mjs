// Four tabs count together under one Web Lock: through localStorage, then through IndexedDB. Run with Node 22.18 or newer.
import { createServer } from 'node:http'

import { chromium } from 'playwright'

import { findChromium, flags } from '../../scripts/chromium.ts'

const tabs = 4
const turns = 200

const script = `
  const asked = (request) =>
    new Promise((resolve, reject) => {
      request.addEventListener('success', () => resolve(request.result))
      request.addEventListener('error', () => reject(request.error))
    })
  const opening = indexedDB.open('counters', 1)
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore('counters'))
  const opened = asked(opening)
  const transact = async (mode, ask) => {
    const transaction = (await opened).transaction('counters', mode)
    const completed = new Promise((resolve) => transaction.addEventListener('complete', resolve))
    const answer = await asked(ask(transaction.objectStore('counters')))
    await completed
    return answer
  }
  globalThis.counters = {
    localStorage: {
      read: () => Number(localStorage.getItem('count')),
      write: (count) => localStorage.setItem('count', count),
    },
    // A transaction each for the reading and the writing: the lock alone makes them one turn.
    IndexedDB: {
      read: async () => (await transact('readonly', (store) => store.get('count'))) ?? 0,
      write: (count) => transact('readwrite', (store) => store.put(count, 'count')),
    },
  }`

async function count([name, times]) {
  const { read, write } = globalThis.counters[name]
  for (let turn = 0; turn < times; turn++) {
    await navigator.locks.request('turn', async () => {
      await write((await read()) + 1)
    })
  }
}

const server = createServer((_, answer) => {
  answer.writeHead(200, { 'content-type': 'text/html' }).end(`<script>${script}</script>`)
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const browser = await chromium.launch({ executablePath: findChromium(), args: flags })
const context = await browser.newContext()
const open = async () => {
  const tab = await context.newPage()
  await tab.goto(`http://127.0.0.1:${server.address().port}/`)
  return tab
}
const all = await Promise.all(Array.from({ length: tabs }, open))
console.log('Chromium', browser.version())

for (const name of ['localStorage', 'IndexedDB']) {
  const start = performance.now()
  await Promise.all(all.map((tab) => tab.evaluate(count, [name, turns])))
  const ms = (performance.now() - start) / (tabs * turns)
  // Read by a tab that comes later: what has arrived by then is all there is.
  const counted = await (await open()).evaluate((counter) => globalThis.counters[counter].read(), name)
  console.log(`${name}: ${counted} of ${tabs * turns}, ${ms.toFixed(1)} ms a turn`)
}
await browser.close()
server.close()
