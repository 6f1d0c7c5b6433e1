/** Returns a `fetch` that answers with an event stream where the one under it has something to say. */
export function asStream(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    if (!response.ok) return response
    await response.arrayBuffer()
    return new Response('id: 1\ndata: hello\n\n', { headers: { 'content-type': 'text/event-stream' } })
  }
}
