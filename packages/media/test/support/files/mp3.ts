import { fileOf, type MediaFile } from './media-file.ts'

/** Frames of MPEG-1 layer III at 320 kbit/s and 48 kHz: 960 bytes for 24 ms, all of the same length. */
const frameBytes = 960
const framesPerSecond = 48_000 / 1152

/** Returns a silent MP3 file: 40 kB a second. */
export function mp3(seconds: number): MediaFile {
  const frame = new Uint8Array(frameBytes)
  // Sync, version 1, layer III, no checksum; bit rate 14, 48 kHz; joint stereo. Side information of zeros is silence.
  frame.set([0xff, 0xfb, 0xe4, 0x40])
  return fileOf('audio/mpeg', new Uint8Array(), frameBytes, Math.ceil(seconds * framesPerSecond), () => frame)
}
