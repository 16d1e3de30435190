/** One server-sent event. */
export interface StreamEvent {
  name?: string
  data: string
}

/** The event that closes a stream in the OpenAI form. */
export const DONE: StreamEvent = { data: '[DONE]' }

export function dataEvent(value: unknown, name?: string): StreamEvent {
  const data = JSON.stringify(value)
  return name === undefined ? { data } : { name, data }
}

export function encodeEvent(event: StreamEvent, lineEnd: '\n' | '\r\n' = '\n'): Buffer {
  const name = event.name === undefined ? '' : `event: ${event.name}${lineEnd}`
  return Buffer.from(`${name}data: ${event.data}${lineEnd}${lineEnd}`)
}
