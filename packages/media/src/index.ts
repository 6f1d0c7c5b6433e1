export type { MediaOptions } from './media-options.ts'
export { recoverMedia } from './recover-media.ts'
export type { Failure } from './verdict.ts'
