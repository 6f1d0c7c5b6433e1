// A server that takes a POST and cuts the connection: the first of it, and one that was used before. Node 22.18 or newer.
import { createServer } from 'node:http'

import { chromium } from 'playwright'

import { findChromium, flags } from '../../scripts/chromium.ts'

let posts = 0
const server = createServer(({ method, url, socket }, answer) => {
  if (method !== 'POST') return answer.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')
  posts++
  // The first time it is processed, and the answer is lost.
  if (posts === 1) return socket.destroy()
  answer.writeHead(200, { connection: url === '/closing' ? 'close' : 'keep-alive' }).end('ok')
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const browser = await chromium.launch({ executablePath: findChromium(), args: flags })
console.log('Chromium', browser.version())

for (const url of ['/keep-alive', '/closing']) {
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${server.address().port}/`)
  const post = () =>
    page.evaluate((path) => fetch(path, { method: 'POST', body: 'x' }).then((answer) => answer.text(), String), url)
  posts = 1
  await post()
  posts = 0
  console.log(`${url}: fetch gave "${await post()}", the server got ${posts}`)
  await page.close()
}
await browser.close()
server.close()
