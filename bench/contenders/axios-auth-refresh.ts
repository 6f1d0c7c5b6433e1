import axios, { AxiosError, type AxiosRequestConfig, type InternalAxiosRequestConfig } from 'axios'
import { createAuthRefresh } from 'axios-auth-refresh'

import type { GetToken } from './hand-written.ts'

/** axios with axios-auth-refresh, on an adapter that does what the stub says. */
export function axiosAuthRefresh(
  send: typeof fetch,
  getToken: GetToken,
): (url: string, config?: AxiosRequestConfig) => Promise<unknown> {
  let token = 'a1'
  const instance = axios.create({
    async adapter(config) {
      const { status } = await send(config.url ?? '')
      const answer = { data: '', status, statusText: '', headers: {}, config }
      if (status === 401) throw new AxiosError('refused', 'ERR_BAD_REQUEST', config, undefined, answer)
      return answer
    },
  })
  instance.interceptors.request.use((config: InternalAxiosRequestConfig) => {
    config.headers.set('authorization', `Bearer ${token}`)
    return config
  })
  // Its types come from another build of axios.
  createAuthRefresh(instance as never, async () => {
    token = await getToken()
  })
  return (url, config) => instance.request({ url, ...config })
}
