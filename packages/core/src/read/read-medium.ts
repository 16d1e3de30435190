import type { Readable } from 'node:stream'
import { foldCase } from '@postern/gateways'
import { type Arrival, Refusal } from '@postern/ports'
import { GrowingBuffer } from '../lib/growing-buffer.js'
import { isStream } from '../lib/is-stream.js'
import { refuseDisguise } from './first-bytes.js'
import { readBoundary } from './form-boundary.js'
import { FormFields, type VisitField } from './form-fields.js'
import { type Hold, holdBody, tooMuchHeld } from '../lib/hold.js'
import { watchBody } from './watch-body.js'

/** A form or medium, ready to be forwarded. */
export interface Medium {
  readonly body: Readable | Buffer | null
  /** The values of a form's fields, without files, if the form was read whole. */
  readonly fields?: ReadonlyMap<string, string> | undefined
}

export interface MediumOptions {
  readonly maxBytes: number
  /** The form of the gateway's keys. */
  readonly keyPattern: RegExp | undefined
  /** Whether a form is read whole before it is forwarded. */
  readonly whole: boolean
  /** Checks each field of a form. */
  readonly visitField?: VisitField | undefined
}

/**
 * Reads as much of a form or medium as must be checked before it is forwarded; the rest is checked as it streams through.
 *
 * @throws {Refusal} 400 `request_malformed`, 400 `credential_in_request`, 413 `body_too_large`, 415
 *   `media_type_unsupported`, 429 `rate_limited` if too many bytes are held for this client, and the refusals of
 *   `visitField`. While the body streams through, it is destroyed with the refusal instead.
 */
export async function readMedium(arrival: Arrival, { maxBytes, keyPattern, whole, visitField }: MediumOptions): Promise<Medium> {
  const contentType = arrival.headers['content-type'] ?? ''
  if (!/^\s*multipart\//i.test(contentType)) {
    const body = await refuseDisguise(arrival.body)
    // Never forward the client's own message: undici destroys a body that it stops sending, which would close the connection.
    return { body: isStream(body) ? watchBody(body, maxBytes) : body }
  }
  const boundary = readBoundary(contentType)
  const body = await refuseDisguise(arrival.body, Buffer.from(`--${boundary}`, 'latin1'))
  const fields = new FormFields(boundary, keyPattern, visitField)
  if (isStream(body)) {
    const watched = watchBody(body, maxBytes, fields)
    return whole ? { body: await collect(watched, holdBody(arrival)), fields: readOnce(fields.values) } : { body: watched }
  }
  if (body !== null) fields.feed(body)
  fields.end()
  return { body, fields: readOnce(fields.values) }
}

/** Collects a body, whose bytes count for its client until the request is over. */
async function collect(body: Readable, hold: Hold): Promise<Buffer> {
  const received = new GrowingBuffer()
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (!hold.mayHold(received.length + chunk.length)) throw tooMuchHeld()
      received.append(chunk)
    }
    if (hold.isOver) hold.letGo()
    return received.takeToKeep()
  } catch (error) {
    hold.letGo()
    throw error
  }
}

/** @throws {Refusal} 400 `request_malformed` if the form has the field `model` in another spelling. */
function readOnce(values: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  for (const name of values.keys()) {
    if (name !== 'model' && foldCase(name).replaceAll(/[^a-z0-9]/g, '') === 'model')
      throw new Refusal('request_malformed', { message: 'The field model is written like this and not otherwise.', param: 'model' })
  }
  return values
}
