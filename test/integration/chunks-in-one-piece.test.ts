import { FramedResponse } from '@postern/instance'
import { once } from 'node:events'
import { createServer, type RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'

/** Asks a server whose answers are of a class, and returns all bytes that come until it closes the connection. */
async function bytesOf(kind: typeof ServerResponse, handle: RequestListener, request: string): Promise<string> {
  const server = createServer({ ServerResponse: kind }, (asked, answer) => {
    answer.sendDate = false
    handle(asked, answer)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let taken = ''
  socket.setEncoding('latin1').on('data', (text: string) => (taken += text))
  socket.write(request)
  await once(socket, 'close')
  return taken
}

const get = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
const twice = `GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${get}`
const large = Buffer.alloc(100_000, 'ab')

interface Case {
  readonly name: string
  readonly request?: string
  readonly handle: RequestListener
}

const cases: readonly Case[] = [
  {
    name: 'events as bytes',
    handle: (_, answer) => void [1, 2, 3].reduce((to, event) => (to.write(Buffer.from(`data: ${event}\n\n`)), to), answer).end(),
  },
  {
    name: 'bytes, text and no bytes in turn',
    handle: (_, answer) => {
      for (const chunk of [Buffer.from('a'), 'bé', Buffer.alloc(0), '', new Uint8Array([0xc3, 0xa9]), Buffer.from('c')]) answer.write(chunk)
      answer.write('ff', 'hex')
      answer.end('end')
    },
  },
  {
    name: 'chunks of 1 byte, of 8,192 and 8,193, and of 100,000',
    handle: (_, answer) => {
      for (const length of [1, 15, 16, 255, 256, 8191, 8192, 8193, 100_000]) answer.write(large.subarray(0, length))
      answer.end(Buffer.from('end'))
    },
  },
  {
    name: 'chunks in later turns',
    handle: async (_, answer) => {
      for (let event = 0; event < 5; event += 1) {
        answer.write(Buffer.from(`data: ${event}\n\n`))
        await wait(2)
      }
      answer.end()
    },
  },
  {
    name: 'an answer that holds its chunks back (cork)',
    handle: (_, answer) => {
      answer.write(Buffer.from('a'))
      answer.cork()
      answer.write(Buffer.from('b'))
      answer.write('c')
      answer.write(Buffer.from('d'))
      answer.uncork()
      answer.write(Buffer.from('e'))
      answer.end()
    },
  },
  {
    name: 'an answer with trailers',
    handle: (_, answer) => {
      answer.writeHead(200, { Trailer: 'X-Sum' })
      answer.write(Buffer.from('a'))
      answer.addTrailers({ 'X-Sum': '1' })
      answer.end()
    },
  },
  {
    name: 'an answer of known length',
    handle: (_, answer) => void answer.writeHead(200, { 'Content-Length': 2 }).write(Buffer.from('ab'), () => answer.end()),
  },
  {
    name: 'an answer to HEAD',
    request: get.replace('GET', 'HEAD'),
    handle: (_, answer) => void (answer.write(Buffer.from('a')), answer.end()),
  },
  { name: 'an answer without a body', handle: (_, answer) => void (answer.writeHead(204).write(Buffer.from('a')), answer.end()) },
  {
    name: 'an answer to a client of HTTP/1.0',
    request: 'GET / HTTP/1.0\r\n\r\n',
    handle: (_, answer) => void (answer.write(Buffer.from('a')), answer.end(Buffer.from('b'))),
  },
  {
    name: 'an answer that waits for the one before it',
    request: twice,
    handle: (asked, answer) => {
      answer.write(Buffer.from(`${asked.url} a`))
      setTimeout(() => answer.write(Buffer.from(`${asked.url} b`), () => answer.end()), asked.url === '/1' ? 40 : 5)
    },
  },
]

describe('chunks of an answer in one piece', () => {
  test.each(cases)('$name: the same bytes as from Node', async ({ request = get, handle }) => {
    const taken = await bytesOf(FramedResponse, handle, request)
    expect(taken).toMatch(/^HTTP\/1\.1 20/)
    expect(taken).toBe(await bytesOf(ServerResponse, handle, request))
  })

  test('a chunk is one piece for its connection, where Node gives four', async () => {
    const counts: number[] = []
    const count: RequestListener = async (_, answer) => {
      answer.write(Buffer.from('first'))
      await wait(2)
      const { socket } = answer as { readonly socket: Socket }
      let pieces = 0
      const write = socket.write.bind(socket) as (...given: unknown[]) => boolean
      socket.write = (...given: unknown[]) => ((pieces += 1), write(...given))
      answer.write(Buffer.from('data: second\n\n'))
      counts.push(pieces)
      answer.end()
    }
    await bytesOf(FramedResponse, count, get)
    await bytesOf(ServerResponse, count, get)
    expect(counts).toEqual([1, 4])
  })

  test('who writes hears of each chunk, of a client that does not read, and of an end that has come', async () => {
    const listen = async (kind: typeof ServerResponse): Promise<unknown[]> => {
      const heard: unknown[] = []
      const handle: RequestListener = (_, answer) => {
        answer.write(Buffer.from('a'), () => heard.push('with two'))
        answer.write(Buffer.from('b'), 'latin1', () => heard.push('with three'))
        while (answer.write(large.subarray(0, 8000)));
        heard.push('full')
        answer.once('drain', () => {
          heard.push('drain')
          answer.end()
          answer.once('error', (error: NodeJS.ErrnoException) => heard.push(error.code))
          answer.write(Buffer.from('late'))
        })
      }
      await bytesOf(kind, handle, get)
      return heard
    }
    const heard = await listen(FramedResponse)
    expect(heard).toEqual(await listen(ServerResponse))
    expect(new Set(heard)).toEqual(new Set(['full', 'drain', 'with two', 'with three', 'ERR_STREAM_WRITE_AFTER_END']))
  })
})
