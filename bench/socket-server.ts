// A server of WebSockets in a process of its own, so that only the client's work is measured.
import { type WebSocket, WebSocketServer } from 'ws'

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  process.send?.((server.address() as { port: number }).port)
})
const paths = new WeakMap<WebSocket, string>()
server.on('connection', (socket, { url = '/' }) => {
  paths.set(socket, new URL(url, 'ws://server').pathname)
  socket.on('error', () => {})
  // What comes back is greeted, and so is known to work.
  if (url.startsWith('/drop')) socket.send('hello')
  // A number asks for so many messages.
  socket.on('message', (data) => {
    const count = Number(String(data))
    for (let sent = 0; sent < count; sent++) socket.send(`{"type":"tick","number":${sent}}`)
  })
})
process.on('message', (path) => {
  for (const socket of server.clients) if (paths.get(socket) === path) socket.close(4401, 'token_expired')
})
process.on('disconnect', () => {
  process.exit()
})
