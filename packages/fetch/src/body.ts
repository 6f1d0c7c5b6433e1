/** Lets go of a body that nobody will read, so that its connection is free. */
export function discard(response: Response): void {
  // What is locked or broken already is none of our business.
  response.body?.cancel().catch(() => {})
}

/** Returns a supply of one request, each copy with its body; a body is copied before it is sent. */
export function copiesOf(request: Request): () => Request {
  if (!hasBody(request)) return () => request
  let next = request
  return () => {
    const current = next
    next = current.clone()
    return current
  }
}

export function isRequest<Input>(input: Input): input is Input & Request {
  return typeof input === 'object' && 'url' in (input as object)
}

/** Some browsers have no `request.body`: there the method tells. */
function hasBody({ body, method }: Request): boolean {
  return body !== null && method !== 'GET' && method !== 'HEAD'
}

/** An init resets the referrer of a Request (fetch standard, the Request constructor); ours is not meant to. */
export function referrerOf(request: Request | undefined): RequestInit | undefined {
  return request && { referrer: request.referrer, referrerPolicy: request.referrerPolicy }
}
