import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

import { paths, type Playlist } from '../contract.ts'
import type { Tally } from './counters.ts'
import { letPageIn } from './from-page.ts'
import type { Gate } from './gate.ts'
import { byteRange } from './byte-range.ts'
import { refuse } from './refuse.ts'
import { json } from './respond.ts'
import type { Handler } from './serve.ts'
import type { LiveSettings } from './settings.ts'
import { bytesOf, renderNoise, renderTone, tones } from './tones.ts'

interface MediaOptions {
  readonly gate: Gate
  readonly tally: Tally
  readonly settings: LiveSettings
  readonly pageOrigin: string
}

/** Creates the server of a playlist and its tracks, which knows ranges. */
export function createMedia({ gate, tally, settings, pageOrigin }: MediaOptions): Handler {
  return async (request, response, url) => {
    if (letPageIn(request, response, pageOrigin)) return
    const { method = '', headers } = request
    if (method === 'GET' && url.pathname === paths.playlist) return json(response, 200, playlist)
    const [, folder, file] = /^(\/\w+)\/([\w.-]+)$/.exec(url.pathname) ?? []
    const tone = tones.find((one) => one.file === file)
    const isPublic = folder === paths.publicTracks
    const isThere = tone !== undefined && (isPublic || folder === paths.tracks)
    if (!isThere || !['GET', 'HEAD'].includes(method)) return json(response, 404, { error: 'not_found' })

    const count = tally.transports(url)
    if (!isPublic) {
      const entry = await gate.enter(gate.credentialOf(request, url, { cookie: true, ticket: true }))
      if (entry.status !== 200) {
        count.add(entry.status === 401 ? 'mediaRefused' : 'mediaDenied')
        return refuse(response, entry)
      }
    }
    const size = bytesOf(tone)
    const range = byteRange(headers.range, size)
    const common = { 'accept-ranges': 'bytes', 'cache-control': 'no-store' }
    if (range === 'unsatisfiable') {
      response.writeHead(416, { ...common, 'content-range': `bytes */${size}` }).end()
      return
    }
    count.add('mediaServed')
    if (range !== undefined) count.add('mediaRanges')
    const [start, end] = range ?? [0, size]
    response.writeHead(range === undefined ? 200 : 206, {
      ...common,
      'content-type': 'audio/wav',
      'content-length': end - start,
      ...(range !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
    })
    const isCorrupt = settings.current.corruptTrack === file
    if (method === 'HEAD') response.end()
    else await send(response, start, end, isCorrupt ? renderNoise : (...part) => renderTone(tone, ...part))
  }
}

const playlist: Playlist = { tracks: tones.map(({ file, title, seconds }) => ({ file, title, seconds })) }

const partBytes = 65_536

/** Renders no more than is taken. */
async function send(
  response: ServerResponse,
  start: number,
  end: number,
  render: (start: number, end: number) => Buffer,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  for (let from = start; from < end && !gone.signal.aborted; from += partBytes) {
    const isTaken = response.write(render(from, Math.min(end, from + partBytes)))
    // oxlint-disable-next-line no-await-in-loop
    if (!isTaken) await once(response, 'drain', { signal: gone.signal }).catch(() => {})
  }
  response.end()
}
