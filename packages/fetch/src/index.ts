export { createFetch, type FetchOptions } from './create-fetch.ts'
export { refreshEndpoint, type RefreshEndpointOptions } from './refresh-endpoint.ts'
export { resolveBroker } from './resolve-broker.ts'
