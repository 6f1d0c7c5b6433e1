import { ascii, fileOf, littleEndian, type MediaFile } from './media-file.ts'

const rate = 44_100
const channels = 2

/** Returns a silent WAV file of 16 bits and two channels: 176 kB a second. */
export function wav(seconds: number): MediaFile {
  const second = rate * channels * 2
  const data = second * seconds
  const head = [
    ...ascii('RIFF'),
    ...littleEndian(36 + data, 4),
    ...ascii('WAVEfmt '),
    ...littleEndian(16, 4),
    ...littleEndian(1, 2),
    ...littleEndian(channels, 2),
    ...littleEndian(rate, 4),
    ...littleEndian(second, 4),
    ...littleEndian(channels * 2, 2),
    ...littleEndian(16, 2),
    ...ascii('data'),
    ...littleEndian(data, 4),
  ]
  const silence = new Uint8Array(second)
  return fileOf('audio/wav', Uint8Array.from(head), second, seconds, () => silence)
}
