import type { IncomingMessage } from 'node:http'

/** A request that its sender has to change; the message is for them. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest'
}

/** Reads a whole body. Throws where it is longer than that. */
export async function readBody(request: IncomingMessage, maxBytes = 65_536): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > maxBytes) throw new BadRequest(`The body has more than ${maxBytes} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** What came over the wire, by name. */
export type Given = Readonly<Record<string, unknown>>

/** Reads a JSON object; an empty body is an empty one. */
export async function readJson(request: IncomingMessage): Promise<Given> {
  const text = (await readBody(request)).toString()
  if (text === '') return {}
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    throw new BadRequest('The body is no JSON')
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new BadRequest('The body is no JSON object')
  }
  return given as Given
}

/** Returns a whole number between two others, or what stands for it where it is absent. */
export function wholeNumber(
  given: Given,
  name: string,
  [least, most]: readonly [number, number],
  absent: number,
): number {
  const value = given[name] ?? absent
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number
  throw new BadRequest(`${name} has to be a whole number from ${least} to ${most}`)
}

/** Returns one of some names, or what stands for it where it is absent. */
export function oneOf<Name extends string>(given: Given, name: string, names: readonly Name[], absent?: Name): Name {
  const found = names.find((one) => one === (given[name] ?? absent))
  if (found !== undefined) return found
  throw new BadRequest(`${name} has to be one of ${names.join(', ')}`)
}
