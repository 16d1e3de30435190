import { createServer } from 'node:http'
import { type DoorName, type House, listenAnywhere, openHouse } from '../../support/house.js'
import { openGatewayHouse } from '../open-gateway-house.js'
import { withoutFrame } from '../without-frame.js'
import { readStream } from './read-stream.js'
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

/** @param most Cuts of one stream, spread over all of it. */
export async function compareCuts(door: DoorName, most: number, step: (label: string) => void): Promise<CutResult[]> {
  const upstream = await startCuttingUpstream()
  const results: CutResult[] = []
  try {
    for (const dialect of new Set(recordedStreams.map((stream) => stream.dialect))) {
      const house = await openHouseOf(dialect, door, `${upstream.origin}/v1`)
      try {
        for (const stream of recordedStreams.filter((each) => each.dialect === dialect)) {
          upstream.plays(stream)
          results.push({ name: stream.name, door, ...(await cutEverywhere(stream, upstream.origin, house, most, step)) })
        }
      } finally {
        await house.close()
      }
    }
  } finally {
    await upstream.close()
  }
  return results
}

/** Plays a stream in two pieces, cut where the model's name says. */
async function startCuttingUpstream() {
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
  return {
    origin: await listenAnywhere(server),
    plays(stream: RecordedStream) {
      playing = stream
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

function openHouseOf(dialect: RecordedStream['dialect'], door: DoorName, baseURL: string): Promise<House> {
  if (dialect !== 'openai') return openHouse({ door, gateway: dialect, baseURL })
  const endpoints = {
    messages: { methods: ['POST' as const], format: 'messages' as const, model: 'body' as const },
    generateContent: { methods: ['POST' as const], format: 'generate-content' as const, model: 'body' as const },
  }
  return openGatewayHouse({ door, baseURL, endpoints })
}

/** Where a stream is cut: at each byte, or, where that is more than is wanted, as far from each other as the number lets it. */
export function placesOf({ bytes }: RecordedStream, most: number): number[] {
  const every = Math.max(1, bytes.length / (most + 1))
  const count = Math.min(most, bytes.length - 1)
  return Array.from({ length: count }, (_, index) => Math.floor((index + 1) * every))
}

async function cutEverywhere(
  stream: RecordedStream,
  upstream: string,
  house: House,
  most: number,
  step: (label: string) => void,
): Promise<Pick<CutResult, 'cuts' | 'differences'>> {
  const origin = house.baseURL.replace(/\/v1$/, '')
  const uncut = await readStream(stream, stream.mended ? origin : upstream, house.callers.acme, 0)
  const expected = stream.mended ? withoutFrame(uncut.bytes) : stream.bytes.toString('latin1')
  const places = placesOf(stream, most)
  const differences: string[] = uncut.failed ? [`it fails uncut: ${uncut.result}`] : []
  const next = places.values()
  const work = async (): Promise<void> => {
    for (const cut of next) {
      step(`${stream.name} at ${cut}`)
      const through = await readStream(stream, origin, house.callers.acme, cut)
      if (withoutFrame(through.bytes) !== expected) differences.push(`at ${cut}: other bytes`)
      if (through.result !== uncut.result) differences.push(`at ${cut}: ${through.result.slice(0, 200)}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return { cuts: places.length, differences }
}
