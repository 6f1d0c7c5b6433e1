export { kyAuth, type KyAuthOptions } from './ky-auth.ts'
