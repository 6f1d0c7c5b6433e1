import { classifyResponse, type Verdict } from '@reauth/core'

import { addressOf } from './destination.ts'

/** Says what an answer means where the status does not; undefined leaves it to the rules. */
export type Classify = (response: Response) => Verdict | undefined

/** Returns what an answer says of the credential, by the caller's rule first. */
export function verdictOf(
  response: Response,
  input: RequestInfo | URL,
  classify: Classify | undefined,
): Verdict | undefined {
  return classify?.(response) ?? classifyResponse(response, addressOf(input))
}
