import { createServer } from 'node:http'
import type { DoorName } from '../../support/house.js'
import { listenAnywhere } from '../../support/house.js'
import { listeningFetch } from '../methods/listening-fetch.js'
import { openClient } from '../methods/find-methods.js'
import { resultOf } from '../methods/result-of.js'
import { openGatewayHouse } from '../open-gateway-house.js'
import { withoutFrame } from '../without-frame.js'
import { type RecordedStream, recordedStreams } from './recorded.js'

/** What became of a stream that was cut in two at many places. */
export interface CutResult {
  readonly name: string
  readonly door: DoorName
  readonly cuts: number
  /** For each place at which something differs: the place, and what. */
  readonly differences: readonly string[]
}

/** Streams under way at once. */
const atOnce = 8

/** @param every Cuts at each byte that this number divides; 1 is all of them. */
export async function compareCuts(door: DoorName, every: number, step: (label: string) => void): Promise<CutResult[]> {
  let playing = recordedStreams[0] as RecordedStream
  const server = createServer((request, response) => {
    let asked = ''
    request.on('data', (chunk: Buffer) => (asked += chunk.toString('latin1')))
    request.on('end', () => {
      const cut = Number(/"model":"cut-(\d+)"/.exec(asked)?.[1] ?? 0)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(playing.bytes.subarray(0, cut))
      setTimeout(() => response.end(playing.bytes.subarray(cut)), 1)
    })
  })
  const upstream = await listenAnywhere(server)
  const endpoints = {
    messages: { methods: ['POST' as const], format: 'messages' as const, model: 'body' as const },
    generateContent: { methods: ['POST' as const], format: 'generate-content' as const, model: 'body' as const },
  }
  const house = await openGatewayHouse({ door, baseURL: `${upstream}/v1`, endpoints })
  const results: CutResult[] = []
  try {
    for (const stream of recordedStreams) {
      playing = stream
      const direct = await read(stream, upstream, house.callers.acme, 0)
      const places = Array.from({ length: stream.bytes.length - 1 }, (_, at) => at + 1).filter((at) => at % every === 0)
      const differences: string[] = direct.failed ? [`it fails directly: ${direct.result}`] : []
      const next = places.values()
      const work = async (): Promise<void> => {
        for (const cut of next) {
          step(`${stream.name} at ${cut}`)
          const through = await read(stream, house.baseURL.replace(/\/v1$/, ''), house.callers.acme, cut)
          if (withoutFrame(through.bytes) !== stream.bytes.toString('latin1')) differences.push(`at ${cut}: other bytes`)
          if (through.result !== direct.result) differences.push(`at ${cut}: ${through.result.slice(0, 200)}`)
        }
      }
      await Promise.all(Array.from({ length: atOnce }, work))
      results.push({ name: stream.name, door, cuts: places.length, differences })
    }
  } finally {
    await house.close()
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
  return results
}

interface Read {
  readonly bytes: string
  readonly result: string
  readonly failed: boolean
}

async function read({ client, path }: RecordedStream, origin: string, credential: string, cut: number): Promise<Read> {
  const { fetch, take } = listeningFetch()
  const asked = { model: `cut-${cut}`, max_tokens: 100, stream: true, input: 'Hello', messages: [{ role: 'user', content: 'Hello' }] }
  const { text, failed } = await resultOf(async () => {
    if (client !== undefined) return create(openClient(client, origin, credential, fetch), path, asked)
    const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' }
    const answer = await fetch(`${origin}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(asked) })
    return [...(await answer.text()).matchAll(/^data: (.*)\r$/gm)].map(([, data]) => JSON.parse(data as string) as unknown)
  }, 'stream')
  const [heard] = await take()
  return { bytes: heard?.body ?? '', result: text, failed }
}

/** `chat/completions` is `chat.completions`. */
function create(client: object, path: string, asked: object): unknown {
  const resource = path.split('/').reduce((at, member) => Reflect.get(at, member) as object, client) as { create(body: object): unknown }
  return resource.create(asked)
}
