export { type CookieJar, createCookieJar } from './cookie-jar.ts'
export { serve, type ServeOptions, type Served } from './serve.ts'
