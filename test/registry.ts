import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a client sends to publish one version. */
interface Publication {
  name: string
  'dist-tags': Record<string, string>
  versions: Record<string, { dist: Record<string, string> }>
  _attachments: Record<string, { data: string }>
}

/** An npm registry on 127.0.0.1. */
export interface Registry extends AsyncDisposable {
  readonly url: string
  /** The versions of every package that was published to it. */
  readonly published: ReadonlyMap<string, readonly string[]>
}

/** Starts an empty registry in memory: publish, metadata, tarballs; 404 for whatever was not published to it. */
export async function startRegistry(): Promise<Registry> {
  const packages = new Map<string, Publication>()
  const tarballs = new Map<string, Buffer>()
  const published = new Map<string, string[]>()
  let url = ''

  const publish = (publication: Publication): void => {
    const { _attachments: attachments } = publication
    const [file = '', attachment] = Object.entries(attachments)[0] ?? []
    const tarball = Buffer.from(attachment?.data ?? '', 'base64')
    const path = `/${publication.name}/-/${file.split('/').at(-1)}`
    tarballs.set(path, tarball)
    for (const version of Object.values(publication.versions)) {
      const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
      version.dist = { tarball: `${url}${path}`, integrity }
    }
    const older = packages.get(publication.name)
    const versions = { ...older?.versions, ...publication.versions }
    packages.set(publication.name, { ...publication, versions })
    published.set(publication.name, Object.keys(versions))
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = decodeURIComponent(request.url ?? '/')
    if (request.method === 'PUT') {
      publish(JSON.parse(await textOf(request)) as Publication)
      response.writeHead(201).end('{}')
      return
    }
    const tarball = tarballs.get(path)
    if (tarball !== undefined) {
      response.end(tarball)
      return
    }
    const found = packages.get(path.slice(1))
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(found ?? {}))
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    published,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string
  return text
}
