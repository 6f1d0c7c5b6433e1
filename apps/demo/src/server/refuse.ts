import type { ServerResponse } from 'node:http'

import type { Entry } from './gate.ts'
import { json } from './respond.ts'

/** Answers a request that was not let in. */
export function refuse(response: ServerResponse, { status, error, challenge }: Exclude<Entry, { status: 200 }>): void {
  json(response, status, { error }, { 'www-authenticate': challenge })
}
