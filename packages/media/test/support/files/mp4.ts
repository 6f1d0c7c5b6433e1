import { ascii, bigEndian, fileOf, type MediaFile } from './media-file.ts'
import { opusHead, packetBytes, packetMs, silentPacket } from './opus.ts'

const timescale = 48_000
const perPacket = (timescale * packetMs) / 1000
const unit = [0x00, 0x01, 0x00, 0x00]
const matrix = [...unit, ...zeros(12), ...unit, ...zeros(12), 0x40, 0, 0, 0]

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0)
}

/** A box of ISO/IEC 14496-12. */
const box = (type: string, ...content: number[][]): number[] => {
  const body = content.flat()
  return [...bigEndian(body.length + 8, 4), ...ascii(type), ...body]
}

const four = (...values: number[]): number[] => values.flatMap((value) => bigEndian(value, 4))

/** Returns a silent MP4 file with Opus, which can be played before all of it is there. */
export function mp4(seconds: number): MediaFile {
  const count = (seconds * 1000) / packetMs
  const duration = count * perPacket
  const dataBytes = count * packetBytes
  const entry = box(
    'Opus',
    [...zeros(6), 0, 1, ...zeros(8), 0, 2, 0, 16, ...zeros(4), ...four(timescale * 65_536)],
    box('dOps', opusHead(bigEndian, 0)),
  )
  const samples = (dataAt: number): number[] =>
    box(
      'stbl',
      box('stsd', four(0, 1), entry),
      box('stts', four(0, 1, count, perPacket)),
      box('stsc', four(0, 1, 1, count, 1)),
      box('stsz', four(0, packetBytes, count)),
      box('stco', four(0, 1, dataAt)),
    )
  const headOf = (dataAt: number): number[] => {
    const information = box(
      'minf',
      box('smhd', four(0, 0)),
      box('dinf', box('dref', four(0, 1), box('url ', four(1)))),
      samples(dataAt),
    )
    const media = box(
      'mdia',
      box('mdhd', four(0, 0, 0, timescale, duration), [0x55, 0xc4, 0, 0]),
      box('hdlr', four(0, 0), ascii('soun'), zeros(13)),
      information,
    )
    const track = box(
      'trak',
      box('tkhd', four(3, 0, 0, 1, 0, duration), zeros(8), four(0), [1, 0, 0, 0], matrix, four(0, 0)),
      media,
    )
    const movie = box('mvhd', four(0, 0, 0, timescale, duration), unit, [1, 0], zeros(10), matrix, zeros(24), four(2))
    return [
      ...box('ftyp', ascii('isom'), four(512), ascii('isomiso2mp41')),
      ...box('moov', movie, track),
      ...four(dataBytes + 8),
      ...ascii('mdat'),
    ]
  }
  const packet = silentPacket()
  return fileOf('audio/mp4', Uint8Array.from(headOf(headOf(0).length)), packetBytes, count, () => packet)
}
