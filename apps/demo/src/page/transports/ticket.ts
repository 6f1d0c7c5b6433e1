import { parameters, paths, type Ticket } from '../../contract.ts'
import { api } from '../auth/session.ts'

/** An address with a ticket in its query: the only thing that may stand in one, since it lives no longer than its token. */
export async function ticketed(url: string): Promise<string> {
  const response = await api(paths.ticket, { method: 'POST' })
  if (!response.ok) throw new Error(`No ticket: the server answered ${response.status}`)
  const address = new URL(url)
  address.searchParams.set(parameters.ticket, ((await response.json()) as Ticket).ticket)
  return address.href
}

/** An address whose requests are counted apart: those that the page makes without reauth. */
export function asBare(url: string): string {
  const address = new URL(url)
  address.searchParams.set(parameters.by, 'bare')
  return address.href
}
