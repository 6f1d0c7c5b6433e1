import { ascii, bigEndian, fileOf, littleEndian, type MediaFile } from './media-file.ts'
import { magic, opusHead, packetMs, silentPacket } from './opus.ts'

const perCluster = 1000 / packetMs

/** An element of EBML (RFC 8794), its length in 8 bytes. */
const element = (id: number[], ...content: number[][]): number[] => {
  const body = content.flat()
  return [...id, ...lengthOf(body.length), ...body]
}

const lengthOf = (bytes: number): number[] => [0x01, ...bigEndian(bytes, 7)]

const float = (value: number): number[] => Array.from(new Uint8Array(new Float64Array([value]).buffer)).toReversed()

/** Returns a silent WebM file with Opus, and cues that lead to each second. */
export function webm(seconds: number): MediaFile {
  const cluster = clusterOf(0)
  const info = element(
    [0x15, 0x49, 0xa9, 0x66],
    element([0x2a, 0xd7, 0xb1], bigEndian(1_000_000, 4)),
    element([0x44, 0x89], float(seconds * 1000)),
    element([0x4d, 0x80], ascii('reauth')),
    element([0x57, 0x41], ascii('reauth')),
  )
  const track = element(
    [0xae],
    element([0xd7], [1]),
    element([0x73, 0xc5], [1]),
    element([0x83], [2]),
    element([0x9c], [0]),
    element([0x86], ascii('A_OPUS')),
    element([0x63, 0xa2], magic, opusHead(littleEndian, 1)),
    element([0xe1], element([0xb5], float(48_000)), element([0x9f], [2])),
  )
  const tracks = element([0x16, 0x54, 0xae, 0x6b], track)
  const cuesAt = (first: number): number[] =>
    element(
      [0x1c, 0x53, 0xbb, 0x6b],
      ...Array.from({ length: seconds }, (_, second) =>
        element(
          [0xbb],
          element([0xb3], bigEndian(second * 1000, 4)),
          element([0xb7], element([0xf7], [1]), element([0xf1], bigEndian(first + second * cluster.length, 8))),
        ),
      ),
    )
  const before = info.length + tracks.length
  const cues = cuesAt(before + cuesAt(0).length)
  const header = element(
    [0x1a, 0x45, 0xdf, 0xa3],
    element([0x42, 0x86], [1]),
    element([0x42, 0xf7], [1]),
    element([0x42, 0xf2], [4]),
    element([0x42, 0xf3], [8]),
    element([0x42, 0x82], ascii('webm')),
    element([0x42, 0x87], [4]),
    element([0x42, 0x85], [2]),
  )
  const segment = [0x18, 0x53, 0x80, 0x67, ...lengthOf(before + cues.length + seconds * cluster.length)]
  const head = Uint8Array.from([...header, ...segment, ...info, ...tracks, ...cues])
  return fileOf('audio/webm', head, cluster.length, seconds, clusterOf)
}

function clusterOf(second: number): Uint8Array {
  const bytes = template.slice()
  bytes.set(bigEndian(second * 1000, 4), timestampAt)
  return bytes
}

/** Behind the id and the length of the cluster and of its first element, the timestamp. */
const timestampAt = 4 + 8 + 1 + 8

const packet = Array.from(silentPacket())
const blocks = Array.from({ length: perCluster }, (_, index) =>
  element([0xa3], [0x81, ...bigEndian(index * packetMs, 2), 0x80], packet),
)
const template = Uint8Array.from(element([0x1f, 0x43, 0xb6, 0x75], element([0xe7], bigEndian(0, 4)), ...blocks))
