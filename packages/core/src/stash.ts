export { createStash, type Stash, type StashOptions } from './create-stash.ts'
export { type DraftKey, drafts, type Drafts, type DraftsOptions } from './drafts.ts'
export { ownPath, type OwnPath, type PathRefusal } from './own-path.ts'
export { returnTo, type ReturnTo, type ReturnToOptions } from './return-to.ts'
