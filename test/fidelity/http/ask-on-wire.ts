import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Message, readMessage } from './message.js'
import type { AskedOnWire } from './row.js'
import { pieceMs } from './wire-upstream.js'

/** What came back on a connection. */
export interface Answered {
  readonly interim: readonly string[]
  readonly final: Message | undefined
  /** How it ended: the answer is whole, it broke off, or nothing came in time. */
  readonly ending: 'whole' | 'broken' | 'silent'
}

/** How long is waited for an answer, in milliseconds, where a row says nothing else. */
const usualPatienceMs = 3000

/** @param before What stands before the path: `/v1/`. @param further Header lines for this server. */
export async function askOnWire(origin: string, before: string, asked: AskedOnWire, further: readonly string[]): Promise<Answered> {
  const { hostname, port } = new URL(origin)
  const { method = 'GET', path = '', version = '1.1', headers = [], body = [], inOnePiece = false, halfClose = false } = asked
  const { patienceMs = usualPatienceMs } = asked
  const socket = connect({ port: Number(port), host: hostname, noDelay: true, allowHalfOpen: true })
  let text = ''
  let ended = false
  const read = (): Answered | undefined => readAnswers(text, method, ended)
  const finished = new Promise<Answered>((resolve) => {
    const look = (): void => {
      const found = read()
      if (found !== undefined && (found.ending === 'whole' || ended)) resolve(found)
      else if (ended) resolve({ interim: [], final: undefined, ending: 'broken' })
    }
    const end = (): void => {
      ended = true
      look()
    }
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      look()
    })
    socket.on('end', end)
    socket.on('error', end)
    socket.on('close', end)
    socket.setTimeout(patienceMs, () => resolve({ ...(read() ?? { interim: [], final: undefined }), ending: 'silent' }))
  })
  const invited = new Promise<void>((resolve) => {
    socket.on('data', () => {
      if (text.startsWith('HTTP/1.1 100')) resolve()
    })
    socket.on('close', () => resolve())
  })
  const host = headers.some((line) => /^host:/i.test(line)) ? [] : ['Host: app.example']
  const target = `${asked.wholeUrl === true ? 'http://app.example' : ''}${path === '*' ? '' : before}${path}`
  const head = [`${asked.leading ?? ''}${method} ${target} HTTP/${version}`, ...host, ...further, ...headers, '', ''].join('\r\n')
  const pieces = inOnePiece ? [head + (body[0] ?? ''), ...body.slice(1)] : [head, ...body]
  for (const [index, piece] of pieces.entries()) {
    if (index === 1 && asked.waitsFor100 === true) await invited
    else if (index > 0) await sleep(pieceMs)
    if (asked.waitsForAnswer === true && index === pieces.length - 1 && (await finished).ending === 'silent') break
    if (socket.writable) socket.write(Buffer.from(piece, 'latin1'))
  }
  if (halfClose) socket.end()
  const answered = await finished
  socket.destroy()
  return answered
}

function readAnswers(text: string, method: string, ended: boolean): Answered | undefined {
  const interim: string[] = []
  let rest = text
  for (;;) {
    const status = /^HTTP\/1\.\d (\d{3})/.exec(rest)?.[1] ?? ''
    const isInterim = status.startsWith('1') && status !== '101'
    const bodiless = isInterim || method === 'HEAD' || status === '204' || status === '304'
    const message = readMessage(rest, { bodiless, untilEnd: true, ended })
    if (message === undefined) return undefined
    if (!isInterim) return { interim, final: message, ending: message.whole ? 'whole' : 'broken' }
    interim.push(message.start)
    rest = rest.slice(message.length)
  }
}
