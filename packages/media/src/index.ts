export type { Failure, MediaOptions } from './media-options.ts'
export { recoverMedia } from './recover-media.ts'
