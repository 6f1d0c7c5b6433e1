export { authenticate, type AuthenticatedSocket, type AuthenticateOptions, type Verified } from './authenticate.ts'
export { closeAtExpiry, type CloseAtExpiryOptions, type ExpiryGuard, type ServerSocket } from './close-at-expiry.ts'
export { header } from './header.ts'
export { createWebSocket, createWebSocketClass } from './node-sockets.ts'
