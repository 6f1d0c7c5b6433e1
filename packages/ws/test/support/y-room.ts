import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { WebSocket as ServerSocket } from 'ws'
import * as sync from 'y-protocols/sync'
import * as Y from 'yjs'

const syncMessage = 0

/** The server of one document, as y-websocket speaks to it. */
export function serveRoom(): { readonly doc: Y.Doc; join(socket: ServerSocket): void } {
  const doc = new Y.Doc()
  const members = new Set<ServerSocket>()
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, syncMessage)
    sync.writeUpdate(encoder, update)
    const bytes = encoding.toUint8Array(encoder)
    for (const member of members) if (member !== origin) member.send(bytes)
  })
  return {
    doc,
    join(socket) {
      members.add(socket)
      socket.binaryType = 'arraybuffer'
      socket.on('close', () => members.delete(socket))
      socket.on('message', (data) => {
        const decoder = decoding.createDecoder(new Uint8Array(data as ArrayBuffer))
        if (decoding.readVarUint(decoder) !== syncMessage) return
        const encoder = encoding.createEncoder()
        encoding.writeVarUint(encoder, syncMessage)
        sync.readSyncMessage(decoder, encoder, doc, socket)
        if (encoding.length(encoder) > 1) socket.send(encoding.toUint8Array(encoder))
      })
      const encoder = encoding.createEncoder()
      encoding.writeVarUint(encoder, syncMessage)
      sync.writeSyncStep1(encoder, doc)
      socket.send(encoding.toUint8Array(encoder))
    },
  }
}
