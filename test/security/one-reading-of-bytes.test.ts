import { connect } from 'node:net'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import type { House } from '../support/house.js'

const json = '{"model":"auto","prompt":"a door","api_key":"sk-0123456789abcdefgh","user":"root"}'

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')
const swap = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16()
const utf32 = (text: string, isBig: boolean): Buffer =>
  Buffer.concat(
    Array.from(text, (each) => {
      const bytes = Buffer.alloc(4)
      if (isBig) bytes.writeUInt32BE(each.codePointAt(0) as number)
      else bytes.writeUInt32LE(each.codePointAt(0) as number)
      return bytes
    }),
  )

/** JSON that does not look like it. */
const disguises: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['UTF-8 behind its mark', Buffer.from(`\ufeff${json}`)],
  ['UTF-8 behind two marks and blanks', Buffer.from(`\ufeff \ufeff\r\n${json}`)],
  ['UTF-8 behind blanks that JSON has not', Buffer.from(`\xa0\u2003\v\f${json}`)],
  ['a list in UTF-8 behind blanks', Buffer.from(`${' \n'.repeat(300)}[${json}]`)],
  ['UTF-16, little end first', utf16(json)],
  ['UTF-16, big end first', swap(utf16(json))],
  ['UTF-16 with its mark', utf16(`\ufeff${json}`)],
  ['UTF-16 with its mark, big end first', swap(utf16(`\ufeff${json}`))],
  ['UTF-16 with its mark and blanks', utf16(`\ufeff \t${json}`)],
  ['a list in UTF-16', swap(utf16(`[${json}]`))],
  ['UTF-32, little end first', utf32(json, false)],
  ['UTF-32, big end first', utf32(json, true)],
  ['UTF-32 with its mark', utf32(`\ufeff${json}`, false)],
  ['UTF-32 with its mark, big end first', utf32(`\ufeff ${json}`, true)],
  ['JSON behind a NUL', Buffer.from(`\0${json}`)],
  ['JSON behind many NULs and a blank', Buffer.from(`${'\0'.repeat(100)} ${json}`)],
  ['JSON behind a comment', Buffer.from(`/* ** { */ ${json}`)],
  ['JSON behind a line of comment', Buffer.from(`//c\n${json}`)],
  ['a list behind a line of comment, as some languages have them', Buffer.from(`# c\r\n\t# d\n[${json}]`)],
  ['JSON behind a comment longer than is held', Buffer.from(`/*${'c'.repeat(4000)}*/${json}`)],
  ['JSON behind what keeps browsers from running it', Buffer.from(`)]}',\n${json}`)],
  ['JSON behind a loop without an end', Buffer.from(`for(;;);${json}`)],
  ['a record of a sequence of JSON', Buffer.from(`\x1e${json}\n`)],
  ['JSON behind letters that nobody sees', Buffer.from(`\u3164\u00ad\u2060${json}`)],
  ['JSON behind a comment in UTF-16', utf16(`/*c*/${json}`)],
  ['JSON5 with a bare name', Buffer.from('{model:"big"}')],
  ['JSON5 with a bare name behind a comment', Buffer.from('{ /*c*/ $model /*d*/ : "big"}')],
  ['JSON5 with an escape in a bare name', Buffer.from(String.raw`{\u006dodel:"big"}`)],
  ['gzip', gzipSync(json)],
  ['deflate with the head of zlib', deflateSync(json)],
  ['deflate with another window', deflateSync(json, { windowBits: 9 })],
  ['zstd', Buffer.from('28b52ffd2002', 'hex')],
  ['a frame that readers of zstd skip', Buffer.concat([Buffer.from('512a4d1804000000', 'hex'), Buffer.alloc(4)])],
  ['nothing but blanks, more of them than are worth waiting for', Buffer.alloc(5000, ' ')],
]

const types = ['application/octet-stream', 'image/png', 'audio/wav', 'video/mp4', 'application/pdf', 'Application/Octet-Stream; v=1']

/** Sends bytes piece by piece, each in a packet of its own, in chunks; gives the answer. */
async function sendInPieces(
  house: House,
  head: readonly string[],
  pieces: readonly Buffer[],
  path = 'audio/transcriptions',
): Promise<string> {
  const { hostname, port } = new URL(house.origin)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    let received = ''
    socket.on('data', (data) => {
      received += data.toString('latin1')
      if (/\r\n\r\n[\s\S]*\}/.test(received)) socket.destroy()
    })
    socket.on('close', () => resolve(received))
    socket.on('error', (error) => (received === '' ? reject(error) : resolve(received)))
    const lines = [
      `POST /ai/v1/${path} HTTP/1.1`,
      'Host: x',
      `Authorization: Bearer ${house.callers.acme}`,
      'Transfer-Encoding: chunked',
      ...head,
    ]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    void (async () => {
      for (const piece of pieces) {
        await new Promise((resume) => setTimeout(resume, 10))
        if (socket.destroyed) return
        socket.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]))
      }
      if (!socket.destroyed) socket.write('0\r\n\r\n')
    })()
  })
}

const verdictOf = (answer: string): readonly unknown[] => [
  /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1],
  /^Postern-Refusal: (\S+)\r$/m.exec(answer)?.[1],
]

const boundary = '----WebKitFormBoundaryA1'
/** A form of such fields; a value that is bytes is a file. */
function form(fields: readonly (readonly [name: string, value: string | Buffer, head?: string])[], mark = boundary): Buffer {
  const parts = fields.map(([name, value, head = '']) =>
    Buffer.concat([
      Buffer.from(
        `--${mark}\r\nContent-Disposition: form-data; name="${name}"${typeof value === 'string' ? '' : '; filename="a.wav"'}\r\n${head}\r\n`,
      ),
      Buffer.from(value as string),
      Buffer.from('\r\n'),
    ]),
  )
  return Buffer.concat([...parts, Buffer.from(`--${mark}--\r\n`)])
}
/** A form of one part. */
const part = (parameters: string, value = '{"a":"b"}'): Buffer =>
  Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${parameters}\r\n\r\n${value}\r\n--${boundary}--\r\n`)
const file = Buffer.from('RIFF the sound of a door, \r\n--not a boundary, {"api_key":"sk-0123456789abcdefgh"}')
const formType = `multipart/form-data; boundary=${boundary}`

describe('one-reading-of-bytes', () => {
  forEachDoor({ gateway: 'freeai' }, (house) => {
    const send = (body: Buffer, type: string, further: Readonly<Record<string, string>> = {}, path = 'audio/transcriptions') =>
      fetch(`${house().baseURL}/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house().callers.acme}`, 'content-type': type, ...further },
        body: new Uint8Array(body),
      })
    const reached = (): number => house().emulator.seen.length

    test.each(disguises)('JSON in disguise, %s, passes under no type of a medium', async (_, bytes) => {
      const before = reached()
      for (const type of types) {
        const answer = await send(bytes, type)
        expect([type, answer.status, answer.headers.get('postern-refusal')]).toEqual([type, 400, 'request_malformed'])
      }
      expect(reached()).toBe(before)
    })

    test.each(disguises)('JSON in disguise, %s, passes in no pieces of one byte', async (_, bytes) => {
      const before = reached()
      const pieces = [...Array.from({ length: 12 }, (_unused, index) => bytes.subarray(index, index + 1)), bytes.subarray(12)].filter(
        ({ length }) => length > 0,
      )
      const answer = await sendInPieces(house(), ['Content-Type: application/octet-stream'], pieces)
      expect(verdictOf(answer)).toEqual(['400', 'request_malformed'])
      expect(reached()).toBe(before)
    })

    test.each(disguises)('JSON in disguise, %s, passes as JSON neither', async (_, bytes) => {
      const before = reached()
      for (const type of ['application/json', 'application/vnd.api+json', 'application/json; charset=utf-16']) {
        const answer = await send(bytes, type, {}, 'chat/completions')
        expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([400, 'request_malformed'])
      }
      expect(reached()).toBe(before)
    })

    test.each([
      'application/x-www-form-urlencoded+json',
      'multipart/form-data+json; boundary=x',
      'multipart/mixed+json; boundary=x',
      'application/octet-stream+json',
      'image/png+json',
      'audio/json',
      'text/x+json',
      'application/xml+json',
    ])('%s is no type of JSON to every server, and is refused', async (type) => {
      const before = reached()
      for (const path of ['chat/completions', 'audio/transcriptions']) {
        const answer = await send(Buffer.from(json), type, {}, path)
        expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([400, 'request_malformed'])
      }
      expect(reached()).toBe(before)
    })

    test.each([
      ['gzip', 'gzip'],
      ['deflate', 'deflate'],
      ['br', 'br'],
      ['zstd', 'ZSTD'],
      ['a name that nobody knows', 'x-made-up'],
      ['nothing', ''],
      ['identity twice', 'identity, identity'],
      ['identity and gzip', 'identity, gzip'],
      ['a list with a gap', ',identity'],
    ])('a Content-Encoding of %s is 415 whatever the body is, and says what is taken', async (_, encoding) => {
      const before = reached()
      const packed = { gzip: gzipSync(json), deflate: deflateRawSync(json), br: brotliCompressSync(json) }[encoding] ?? Buffer.from(json)
      for (const type of ['application/json', 'audio/wav', formType]) {
        const pieces = [packed]
        const answer = await sendInPieces(house(), [`Content-Type: ${type}`, `Content-Encoding: ${encoding}`], pieces)
        expect([type, ...verdictOf(answer)]).toEqual([type, '415', 'media_type_unsupported'])
        expect(answer).toMatch(/^Accept-Encoding: identity\r$/m)
      }
      expect(reached()).toBe(before)
    })

    test.each([['Content-Encoding: identity', 'Content-Encoding: identity'], ['Content_Encoding: gzip'], ['CONTENT_ENCODING: identity']])(
      'two encodings, or one in another spelling, are 415: %s',
      async (...lines) => {
        const answer = await sendInPieces(house(), ['Content-Type: application/json', ...lines], [Buffer.from('{}')], 'chat/completions')
        expect(verdictOf(answer)).toEqual(['415', 'media_type_unsupported'])
      },
    )

    test('an encoding that says that there is none is taken, and not repeated to the gateway', async () => {
      const answer = await house().chat({ headers: { 'content-encoding': 'identity' } })
      expect(answer.status).toBe(200)
      expect(
        house()
          .emulator.seen.at(-1)
          ?.headers.some(([name]) => /content.encoding/i.test(name)),
      ).toBe(false)
    })

    test.each([
      ['a picture', Buffer.from('89504e470d0a1a0a', 'hex')],
      ['sound', Buffer.from('RIFF....WAVEfmt ')],
      ['compressed sound', Buffer.from('fffb9064', 'hex')],
      ['a film', Buffer.from('000000186674797069736f6d', 'hex')],
      ['a document', Buffer.from('%PDF-1.7\n')],
      ['a document in RTF', Buffer.from(String.raw`{\rtf1\ansi`)],
      ['silence', Buffer.alloc(4000)],
      ['a little silence', Buffer.alloc(40)],
      ['silence of a telephone', Buffer.alloc(4000, 0x7f)],
      ['sound of a telephone, which begins like a comment', Buffer.from('#!AMR\n\x3c\x91\x17\x16', 'latin1')],
      ['a picture in text', Buffer.from('P3\n# a door\n2 2\n255\n')],
      ['a picture with NULs first', Buffer.from('00000100010010100000010020006804', 'hex')],
      ['an animated picture', Buffer.from('GIF89a\x01\0\x01\0', 'latin1')],
      ['a video stream', Buffer.from('000000016764001facd9', 'hex')],
      ['text in braces', Buffer.from('{name}, hello')],
      ['a text that begins as packed bytes could', Buffer.from('x^2 + y^2 = z^2, as everybody knows who has seen a triangle')],
      ['three bytes', Buffer.from('abc')],
      ['one byte', Buffer.from([0xef])],
    ])('a medium that is one passes byte for byte, whole and in pieces: %s', async (_, bytes) => {
      const before = reached()
      await send(bytes, 'application/octet-stream')
      await sendInPieces(
        house(),
        ['Content-Type: application/octet-stream'],
        [...bytes.subarray(0, 8)]
          .map((byte) => Buffer.from([byte]))
          .concat(bytes.subarray(8))
          .filter(({ length }) => length > 0),
      )
      const seen = house()
        .emulator.seen.slice(before)
        .map(({ body }) => body.toString('hex'))
      expect(seen).toEqual([bytes.toString('hex'), bytes.toString('hex')])
    })

    test.each<[what: string, body: Buffer, type?: string]>([
      ['JSON', Buffer.from(json)],
      ['another boundary', form([['file', file]], 'other')],
      ['a preamble', Buffer.concat([Buffer.from('preamble\r\n'), form([['file', file]])])],
      ['blanks first', Buffer.concat([Buffer.from('\r\n'), form([['file', file]])])],
      ['gzip', gzipSync(form([['file', file]]))],
      ['an epilogue', Buffer.concat([form([['file', file]]), Buffer.from('{"model":"secret"}')])],
      ['no end', form([['file', file]]).subarray(0, -8)],
      [
        'lines without carriage returns',
        Buffer.from(
          form([['model', 'auto']])
            .toString('latin1')
            .replaceAll('\r\n', '\n'),
          'latin1',
        ),
      ],
      [
        'a boundary behind a line feed alone, within a file',
        form([['file', Buffer.from(`x\n--${boundary}\nContent-Disposition: form-data; name="api_key"\n\nsk-0123456789abcdefgh`)]]),
      ],
      [
        'a boundary right behind a head',
        Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n--${boundary}--\r\n`),
      ],
      ['a part without a name', Buffer.from(`--${boundary}\r\nContent-Type: text/plain\r\n\r\nx\r\n--${boundary}--\r\n`)],
      ['a part with two names', form([['a"; name="model', 'x']])],
      ['a name in two ways', form([[`a"; name*=utf-8''api_key; x="`, 'x']])],
      [
        'a field twice',
        form([
          ['model', 'auto'],
          ['model', 'secret'],
        ]),
      ],
      [
        'a field in two cases',
        form([
          ['model', 'auto'],
          ['Model', 'secret'],
        ]),
      ],
      [
        'a field that is not UTF-8',
        Buffer.from(
          form([['language', 'VALUE']])
            .toString('latin1')
            .replace('VALUE', '\xff\xfe'),
          'latin1',
        ),
      ],
      ['a file without a name', part('name="note"; filename=""')],
      ['a file whose name is blank', part('name="note"; filename=" "')],
      ['a file whose name ends in a slash', part('name="note"; filename="a/"')],
      ['a file that only the other parameter names', part(`name="note"; filename*=utf-8''a`)],
      ['a file that the other parameter names in no charset', part(`name="note"; filename="a"; filename*=x''a`)],
      ['a file that the other parameter gives no name', part(`name="note"; filename="a"; filename*=utf-8''`)],
      ['a file whose name comes in pieces', part('name="note"; filename*0="a"')],
      ['a field with a name longer than any', part(`name="${'a'.repeat(300)}"`)],
      ['a list of objects that is none', part('name="note"', '["a",{"b":]')],
      ['two boundaries in its type', form([['file', file]]), `${formType}; boundary=other`],
      ['no boundary in its type', form([['file', file]]), 'multipart/form-data'],
    ])('a form that servers could read differently is refused: %s', async (_, body, type = formType) => {
      const answer = await send(body, type)
      expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([400, 'request_malformed'])
    })

    const hidden = form([
      ['model', 'auto'],
      ['+AG0AbwBkAGUAbA-', 'secret'],
      ['file', file],
    ])
    test.each([
      '; charset=utf-7',
      ';charset=raw_unicode_escape',
      '; charset="utf-16"',
      '; CharSet = UTF-7',
      '; charset=utf-8; charset=utf-7',
      "; charset*=utf-8''utf-7",
      '; charset*0=utf-7',
      "; charset='utf-7'",
      '; charset',
      '; charset=',
      '; charset=iso-8859-1',
      '; encoding=utf-7',
      '; version=1',
      '; x',
    ])('a form whose type says more than its boundary and UTF-8 is refused: %s', async (more) => {
      const before = reached()
      const [type, its] = formType.split(';') as [string, string]
      for (const whole of [`${type};${its}${more}`, `${type}${more};${its}`]) {
        const answer = await send(hidden, whole)
        expect([whole, answer.status, answer.headers.get('postern-refusal')]).toEqual([whole, 400, 'request_malformed'])
      }
      expect(reached()).toBe(before)
    })

    test('a form whose boundary is taken for a charset by a server that searches the type is refused', async () => {
      const mark = 'charset=utf-7'
      const answer = await send(form([['file', file]], mark), `multipart/form-data; boundary="${mark}"`)
      expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([400, 'request_malformed'])
    })

    test.each([
      'charset=utf-7',
      'charset=UTF-16LE',
      'charset=raw_unicode_escape',
      'charset=hz-gb-2312; charset=utf-8',
      "charset*=utf-8''utf-7",
    ])('a field whose own type names another charset is refused: %s', async (said) => {
      const answer = await send(form([['language', 'en', `Content-Type: text/plain; ${said}\r\n`]]), formType)
      expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([400, 'request_malformed'])
    })

    test.each([
      ['_charset_', 'utf-7'],
      ['_charset_', 'UTF-16'],
      ['_CHARSET_', 'iso-8859-1'],
      ['_charset_', Buffer.from('utf-8')],
    ])('a form with a field %s that names another charset, or that is a file, is refused: %s', async (name, value) => {
      for (const fields of [
        [[name, value] as const, ['model', 'auto'] as const],
        [['model', 'auto'] as const, [name, value] as const],
      ]) {
        const answer = await send(form(fields), formType)
        expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([400, 'request_malformed'])
      }
    })

    test('a field whose type names a charset that reads ASCII alike holds nothing else', async () => {
      for (const [value, status] of [
        ['en', 200],
        ['\u00e9n', 400],
      ] as const) {
        const head = 'Content-Type: text/plain; charset=ISO-8859-1\r\n'
        const fields = [
          ['model', 'auto'],
          ['language', value, head],
          ['file', file],
        ] as const
        expect([value, (await send(form(fields), formType)).status]).toEqual([value, status])
      }
    })

    test.each([
      `multipart/form-data; charset=utf-8; boundary=${boundary}`,
      `multipart/form-data; boundary=${boundary}; charset=UTF-8`,
      `Multipart/Form-Data;boundary="${boundary}";charset="utf8"`,
      `multipart/form-data ; Boundary=${boundary} ; Charset = UTF8 ;`,
    ])('a form that says that it is UTF-8 passes, and so do its fields: %s', async (type) => {
      const fields = [
        ['_charset_', 'UTF-8'],
        ['model', 'auto', 'Content-Type: text/plain;charset=UTF-8\r\n'],
        ['language', 'en', 'Content-Type: text/plain; charset="utf-8"\r\n'],
        ['note', '\u00e9', 'Content-Type: text/plain\r\n'],
        ['file', file, 'Content-Type: text/csv; charset=utf-16\r\n'],
      ] as const
      expect((await send(form(fields), type)).status).toBe(200)
    })

    test.each([
      ['packed', 'Content-Encoding: gzip\r\n'],
      ['in base64', 'Content-Transfer-Encoding: base64\r\n'],
      ['quoted', 'content-transfer-encoding: Quoted-Printable\r\n'],
      ['a form itself', 'Content-Type: multipart/mixed; boundary=b\r\n'],
    ])('a part of a form that is %s is 415', async (_, head) => {
      const answer = await send(form([['response_format', 'json', head]]), formType)
      expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([415, 'media_type_unsupported'])
    })

    test('a field of a form that is packed or JSON with a key in it is refused', async () => {
      const before = reached()
      for (const value of [gzipSync(json), Buffer.from(json), Buffer.from(`[${json}]`), Buffer.from('sk-0123456789abcdefgh')]) {
        const answer = await send(
          Buffer.from(
            form([['metadata', 'VALUE']])
              .toString('latin1')
              .replace('VALUE', value.toString('latin1')),
            'latin1',
          ),
          formType,
        )
        expect(answer.status).toBe(400)
      }
      expect(
        house()
          .emulator.seen.slice(before)
          .map(({ body }) => body.includes('sk-0123456789'))
          .filter(Boolean),
      ).toEqual([])
    })

    test.each([
      '["a",{"api_key":"k"}]',
      '[1,[{"b":{"openai_key":"k"}}]]',
      ' [ null , "x" , {"credentials":{}} ]',
      '{"b":[1,{"api_key":"k"}]}',
    ])('a key in a field that is JSON of any kind is refused: %s', async (value) => {
      const answer = await send(form([['note', value]]), formType)
      expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([400, 'credential_in_request'])
    })

    test.each(['["a","b"]', '[a]', '["a",{"b":1}]', '{"b":[1]}'])('a field that is JSON without one passes: %s', async (value) => {
      const fields = [
        ['file', file],
        ['model', 'auto'],
        ['note', value],
      ] as const
      expect((await send(form(fields), formType)).status).toBe(200)
    })

    test('a file that is named in both ways that there are, as some clients do, passes', async () => {
      expect((await send(part(`name="file"; filename="a b.wav"; filename*=utf-8''a%20b.wav`, 'RIFF'), formType)).status).toBe(200)
    })

    test('a form that is one passes byte for byte, also in pieces of a few bytes', async () => {
      const whole = form([
        ['file', file],
        ['model', 'auto'],
        ['prompt', 'The key is sk-0123456789abcdefgh, she said'],
        ['timestamp_granularities[]', 'word'],
        ['timestamp_granularities[]', 'segment'],
      ])
      const before = reached()
      expect((await send(whole, formType)).status).toBe(200)
      const pieces = Array.from({ length: Math.ceil(whole.length / 7) }, (_, index) => whole.subarray(index * 7, index * 7 + 7))
      expect(verdictOf(await sendInPieces(house(), [`Content-Type: ${formType}`], pieces))[0]).toBe('200')
      expect(
        house()
          .emulator.seen.slice(before)
          .map(({ body }) => body.equals(whole)),
      ).toEqual([true, true])
    })
  })

  forEachDoor({ gateway: 'freeai', config: { policies: { models: ['auto'] } } }, (house) => {
    const send = async (fields: Parameters<typeof form>[0]): Promise<readonly unknown[]> => {
      const before = house().emulator.seen.length
      const answer = await fetch(`${house().baseURL}/audio/transcriptions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house().callers.acme}`, 'content-type': formType },
        body: new Uint8Array(form(fields)),
      })
      return [answer.status, answer.headers.get('postern-refusal'), house().emulator.seen.length - before]
    }

    test('where only some models are allowed, a form names one of them, before or behind its file', async () => {
      expect(
        await send([
          ['model', 'auto'],
          ['file', file],
        ]),
      ).toEqual([200, null, 1])
      expect(
        await send([
          ['file', file],
          ['model', 'auto'],
        ]),
      ).toEqual([200, null, 1])
    })

    test.each<[what: string, fields: Parameters<typeof form>[0], code?: string]>([
      [
        'names another',
        [
          ['file', file],
          ['model', 'secret'],
        ],
      ],
      ['names none', [['file', file]]],
      [
        'names it as a file',
        [
          ['model', Buffer.from('auto')],
          ['file', file],
        ],
      ],
      [
        'names it in another case',
        [
          ['MODEL', 'auto'],
          ['file', file],
        ],
        'request_malformed',
      ],
      [
        'names another in a list',
        [
          ['model', 'auto'],
          ['model[]', 'secret'],
        ],
        'request_malformed',
      ],
    ])('a form that %s is refused', async (_, fields, code = 'model_not_allowed') => {
      expect(await send(fields)).toEqual([code === 'request_malformed' ? 400 : 403, code, 0])
    })
  })
})
