import type { ServerSentEvent } from '../../src/feed.ts'

/** A stream that is not as it should be, and what is made of it (WHATWG HTML, section 9.2). */
export interface OddStream {
  readonly rule: string
  /** As it is sent, in pieces; the server ends it after them. */
  readonly pieces: readonly (string | readonly number[])[]
  readonly events: readonly ServerSentEvent[]
  /** The id that the next request says; undefined for none. */
  readonly next?: string
}

const message = (data: string, lastEventId = ''): ServerSentEvent => ({ type: 'message', data, lastEventId })

const bom = [0xef, 0xbb, 0xbf]

export const oddStreams: readonly OddStream[] = [
  { rule: 'one byte order mark is no part of it', pieces: [bom, 'data: a\n\n'], events: [message('a')] },
  {
    rule: 'a byte order mark may come in parts',
    pieces: [bom.slice(0, 1), bom.slice(1), 'data: a\n\n'],
    events: [message('a')],
  },
  {
    rule: 'a second byte order mark is part of the first line',
    pieces: [bom, bom, 'data: a\n\ndata: b\n\n'],
    events: [message('b')],
  },
  {
    rule: 'what looks like a byte order mark of Latin-1 is text',
    pieces: ['\u{EF}\u{BB}\u{BF}data: a\n\ndata: b\n\n'],
    events: [message('b')],
  },
  {
    rule: 'a byte order mark further on is text',
    pieces: ['data: a\n\n', bom, 'data: b\n\ndata: c\n\n'],
    events: [message('a'), message('c')],
  },
  {
    rule: 'lines end with LF, CR or CRLF, mixed',
    pieces: ['data: a\r\rdata: b\r\n\r\ndata: c\n\ndata: d\r\n\rdata: e\n\r\ndata: f\rdata: g\ndata: h\r\n\n'],
    events: [message('a'), message('b'), message('c'), message('d'), message('e'), message('f\ng\nh')],
  },
  {
    rule: 'a CRLF that comes in parts is one end of line',
    pieces: ['data: a\r', '\ndata: b\r', '\n\r', '\ndata: c\n\n'],
    events: [message('a\nb'), message('c')],
  },
  {
    rule: 'an event is over at the CR of a CRLF whose LF never comes',
    pieces: ['id: 1\r\ndata: a\r\n\r'],
    events: [message('a', '1')],
    next: '1',
  },
  {
    rule: 'an id with a NUL is no id',
    pieces: ['id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n'],
    events: [message('a', '1'), message('b', '1')],
    next: '1',
  },
  { rule: 'an id counts without data', pieces: ['id: 7\n\n'], events: [], next: '7' },
  {
    rule: 'an id is for those that come after, too',
    pieces: ['id: 1\n\ndata: a\n\ndata: b\n\n'],
    events: [message('a', '1'), message('b', '1')],
    next: '1',
  },
  {
    rule: 'an empty id takes back the one before',
    pieces: ['id: 1\ndata: a\n\nid\ndata: b\n\n'],
    events: [message('a', '1'), message('b')],
  },
  {
    rule: 'the last id of an event counts',
    pieces: ['id: 1\nid: 2\ndata: a\n\n'],
    events: [message('a', '2')],
    next: '2',
  },
  { rule: 'an id goes back as UTF-8', pieces: ['id: é€😀\n\n'], events: [], next: 'é€😀' },
  {
    rule: 'an event that is not over is none, nor is its id',
    pieces: ['id: 1\ndata: a\n\nid: 2\ndata: b\n'],
    events: [message('a', '1')],
    next: '1',
  },
  {
    rule: 'a retry that is too large or no number is none',
    pieces: ['retry: 1\nretry: 1e9\nretry: -1\nretry: 60000x\nretry: 99999999999999999999999\ndata: a\n\n'],
    events: [message('a')],
  },
  {
    rule: 'empty data are data',
    pieces: ['data\n\ndata:\n\ndata:\ndata\n\n'],
    events: [message(''), message(''), message('\n')],
  },
  {
    rule: 'a type without data is no event, and not for the next one',
    pieces: ['event: tick\n\ndata: a\n\n'],
    events: [message('a')],
  },
  {
    rule: 'an empty type is none; the last one counts',
    pieces: ['event: tick\nevent:\ndata: a\n\nevent: no\nevent: tick\ndata: b\n\n'],
    events: [message('a'), { type: 'tick', data: 'b', lastEventId: '' }],
  },
  {
    rule: 'one space after the colon is no part of it',
    pieces: ['data:  a \n\ndata:b\n\ndata:\tc\n\n'],
    events: [message(' a '), message('b'), message('\tc')],
  },
  {
    rule: 'names of fields are taken as they are',
    pieces: ['DATA: a\n data: b\ndata : c\ndatax: d\nx\n:data: e\n\ndata: f\n\n'],
    events: [message('f')],
  },
  { rule: 'a NUL in data stays', pieces: ['data: a\0b\n\n'], events: [message('a\0b')] },
  {
    rule: 'bytes that are no UTF-8 are replaced',
    pieces: ['data: ', [0xff], 'a', [0xe2, 0x82], 'b', [0xf0, 0x9f], '\n\n'],
    events: [message('\u{FFFD}a\u{FFFD}b\u{FFFD}')],
  },
  {
    rule: 'a character may come in parts',
    pieces: ['data: ', [0xf0], [0x9f, 0x98], [0x80], '\n\n'],
    events: [message('😀')],
  },
  {
    rule: 'blank lines and comments are nothing',
    pieces: ['\n\n\r\n:\n: hello\n\n:data: a\n\ndata: b\n\n'],
    events: [message('b')],
  },
]
