import type { Track } from '../contract.ts'

/** A melody that is computed where it is asked for: ten minutes of it take no memory. */
export interface Tone extends Track {
  /** What a note lasts, in seconds. */
  readonly noteSeconds: number
  /** In hertz, over and over. */
  readonly notes: readonly number[]
}

/** Three short ones, and one that is too long for a browser to fetch at once. */
export const tones: readonly Tone[] = [
  { file: 'tone-1.wav', title: 'Up', seconds: 4, noteSeconds: 0.5, notes: [261.63, 329.63, 392, 523.25] },
  { file: 'tone-2.wav', title: 'Down', seconds: 4, noteSeconds: 0.5, notes: [523.25, 392, 329.63, 261.63] },
  { file: 'tone-3.wav', title: 'Round', seconds: 4, noteSeconds: 0.25, notes: [392, 440, 392, 349.23] },
  { file: 'long.wav', title: 'Ten minutes', seconds: 600, noteSeconds: 1, notes: [196, 246.94, 293.66, 246.94] },
]

const sampleRate = 22_050
const headBytes = 44

/** Returns the size of a tone's file. */
export const bytesOf = ({ seconds }: Tone): number => headBytes + seconds * sampleRate * 2

/** Returns a part of a tone's file: WAV, PCM, 16 bit, mono. */
export function renderTone(tone: Tone, start: number, end: number): Buffer {
  const first = Math.max(0, Math.floor((start - headBytes) / 2))
  const last = Math.max(first, Math.ceil((end - headBytes) / 2))
  const samples = Buffer.alloc((last - first) * 2)
  for (let index = first; index < last; index++) samples.writeInt16LE(sampleOf(tone, index), (index - first) * 2)
  const isFromHead = start < headBytes
  const part = isFromHead ? Buffer.concat([headOf(bytesOf(tone)), samples]) : samples
  const offset = isFromHead ? 0 : headBytes + first * 2
  return part.subarray(start - offset, end - offset)
}

/** Returns noise of the same size, which is no WAV. */
export function renderNoise(start: number, end: number): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: end - start }, (_, index) => ((start + index + 1) * 2_654_435_761) >>> 13),
  )
}

function sampleOf({ notes, noteSeconds }: Tone, index: number): number {
  const seconds = index / sampleRate
  const note = Math.floor(seconds / noteSeconds)
  const since = seconds - note * noteSeconds
  // in and out softly, or it would click
  const loudness = Math.min(1, since / 0.01, (noteSeconds - since) / 0.02) * Math.exp(-2.5 * since) * 0.3
  return Math.round(Math.sin(2 * Math.PI * (notes[note % notes.length] ?? 0) * since) * loudness * 32_767)
}

function headOf(size: number): Buffer {
  const head = Buffer.alloc(headBytes)
  head.write('RIFF', 0)
  head.writeUInt32LE(size - 8, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(sampleRate, 24)
  head.writeUInt32LE(sampleRate * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(size - headBytes, 40)
  return head
}
