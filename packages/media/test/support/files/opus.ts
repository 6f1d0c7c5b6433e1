import { ascii, type littleEndian } from './media-file.ts'

export const packetMs = 20

/** One packet for each of 50 in a second, padded until a file is as large as a real one: 50 kB a second. */
export const packetBytes = 1000

/** Returns 20 ms of silence (RFC 6716, section 3.2.5: one frame of constant length, with padding). */
export function silentPacket(): Uint8Array {
  const packet = new Uint8Array(packetBytes)
  // Each 255 stands for 254 bytes of padding, and for one more byte that says how many follow.
  const lengths = [...Array.from({ length: Math.floor((packetBytes - 5) / 255) }, () => 255), (packetBytes - 5) % 255]
  packet.set([0xff, 0x41, ...lengths, 0xff, 0xfe])
  return packet
}

/** Returns the identification header (RFC 7845, section 5.1): stereo at 48 kHz, without what MP4 leaves out. */
export function opusHead(number: typeof littleEndian, version: number): number[] {
  return [version, 2, ...number(0, 2), ...number(48_000, 4), ...number(0, 2), 0]
}

export const magic = ascii('OpusHead')
