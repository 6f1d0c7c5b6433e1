export { createWebSocket, type WebSocketOptions } from './create-web-socket.ts'
export { createWebSocketClass } from './create-web-socket-class.ts'
export type { SocketOptions } from './socket-options.ts'
export type { HeartbeatOptions } from './liveness.ts'
export type { Answer } from './loss.ts'
export type { Data, OutboxOptions } from './outbox.ts'
export type { ReconnectingSocket, ReconnectingSocketEvents } from './reconnecting-socket.ts'
export type { WebSocketClassOptions } from './socket-class.ts'
export type { Reconnecting, ReconnectReason } from './supervisor.ts'
export type { Classify } from './verdict.ts'
export {
  cookie,
  firstMessage,
  type FirstMessageOptions,
  type GetTicket,
  type Placed,
  type Placement,
  subprotocol,
  type SubprotocolOptions,
  ticket,
} from './placement.ts'
