/**
 * Returns the bytes that a `Range` asks for, from the first to before the last (RFC 9110, section 14.1.2). Undefined for
 * all of them: there is none, or it is one that a server may pass over.
 */
export function byteRange(
  value: string | undefined,
  size: number,
): readonly [start: number, end: number] | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(value ?? '') ?? []
  if (first === '' && last === '') return undefined
  if (first === '') return last === '0' ? 'unsatisfiable' : [Math.max(0, size - Number(last)), size]
  const start = Number(first)
  const end = last === '' ? size : Math.min(size, Number(last) + 1)
  if (last !== '' && Number(last) < start) return undefined
  return start < size ? [start, end] : 'unsatisfiable'
}
