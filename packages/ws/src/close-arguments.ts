import { sizeOf } from './outbox.ts'

/** Throws as WebSocket does, for a code that is not for scripts and a reason that does not fit into a frame. */
export function checkCloseArguments(code = 1000, reason = ''): void {
  if (code !== 1000 && !(code >= 3000 && code < 5000)) {
    throw new DOMException('close() takes 1000, or a code from 3000 to 4999', 'InvalidAccessError')
  }
  if (sizeOf(reason) > 123) throw new DOMException('The reason of close() takes 123 bytes', 'SyntaxError')
}
