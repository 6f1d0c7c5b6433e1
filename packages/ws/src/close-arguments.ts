/** Throws as WebSocket does, for a code that is not for scripts and a reason that does not fit into a frame. */
export function checkCloseArguments(code: number | undefined, reason: string | undefined): void {
  if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
    throw new DOMException(`close() takes 1000, or a code from 3000 to 4999, not ${code}`, 'InvalidAccessError')
  }
  if (reason !== undefined && new TextEncoder().encode(reason).byteLength > 123) {
    throw new DOMException('The reason of close() takes 123 bytes at most', 'SyntaxError')
  }
}
