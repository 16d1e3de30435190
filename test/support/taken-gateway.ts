import type { ServerResponse } from 'node:http'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from './hostile-upstream.js'
import { type House, type HouseOptions, openHouse } from './house.js'

/** A gateway that leaves every answer to the test. */
export interface TakenGateway extends HostileUpstream {
  /** The answer to the first call that the test has not taken, as soon as there is one. */
  next(): Promise<ServerResponse>
}

export async function startTakenGateway(): Promise<TakenGateway> {
  const waiting: ServerResponse[] = []
  const takers: ((response: ServerResponse) => void)[] = []
  const upstream = await startHostileUpstream((_, response) => {
    const taker = takers.shift()
    if (taker === undefined) waiting.push(response)
    else taker(response)
  })
  const next = async (): Promise<ServerResponse> => waiting.shift() ?? new Promise((taken) => takers.push(taken))
  return { ...upstream, next }
}

/** A house in front of such a gateway, which is asked once for each call. */
export async function openBefore(gateway: TakenGateway, { config, ...options }: HouseOptions = {}): Promise<House> {
  const gateways = { main: { dialect: 'openai' as const, baseURL: gateway.baseURL, attempts: 1 } }
  return openHouse({ ...options, config: { gateways, ...config } })
}

/** One event of a stream of chat. */
export const chatEvent = (content: string): string => `data: {"id":"x","choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`

export const endOfChat = 'data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

export function answerWhole(response: ServerResponse, text = plainCompletion): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(text)
}

export function beginStream(response: ServerResponse, ...contents: readonly string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const content of contents) response.write(chatEvent(content))
}

/** Makes a chat call with an `Idempotency-Key`. */
export function chatUnderKey(house: House, options: Parameters<House['chat']>[0] = {}, key = 'key-1'): Promise<Response> {
  return house.chat({ ...options, headers: { 'idempotency-key': key, ...options.headers } })
}
