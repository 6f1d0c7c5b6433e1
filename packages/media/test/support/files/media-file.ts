/** A file that is made as it is read: of any length, and nothing on the disk. */
export interface MediaFile {
  readonly type: string
  readonly size: number
  /** Returns the bytes from `start` up to, but not including, `end`. */
  read(start: number, end: number): Uint8Array
}

/** Returns a file of some first bytes and then units of one length, each made by its index. */
export function fileOf(
  type: string,
  head: Uint8Array,
  unitBytes: number,
  count: number,
  unit: (index: number) => Uint8Array,
): MediaFile {
  const size = head.length + unitBytes * count
  return {
    type,
    size,
    read(start, end) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start))
      if (start < head.length) bytes.set(head.subarray(start, Math.min(end, head.length)))
      const first = Math.max(0, Math.floor((start - head.length) / unitBytes))
      for (let index = first; index < count; index++) {
        const at = head.length + index * unitBytes - start
        if (at >= bytes.length) break
        const made = unit(index)
        const skip = Math.max(0, -at)
        bytes.set(made.subarray(skip, Math.min(unitBytes, bytes.length - at)), at + skip)
      }
      return bytes
    },
  }
}

export const ascii = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0))

/** Returns a number as big-endian bytes. */
export function bigEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => Math.floor(value / 256 ** (bytes - 1 - index)) % 256)
}

/** Returns a number as little-endian bytes. */
export const littleEndian = (value: number, bytes: number): number[] => bigEndian(value, bytes).toReversed()
