export { connectSession, type RemoteSession } from './connect-session.ts'
export { exposeSession } from './expose-session.ts'
export type { EmitterPort, EventTargetPort, RemotePort } from './remote-port.ts'
