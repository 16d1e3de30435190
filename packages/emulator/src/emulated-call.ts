import { once } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { setTimeout as sleep, setImmediate as nextTurn } from 'node:timers/promises'
import type { EmulatorOptions } from './emulator-options.js'
import { UploadedForm } from './uploaded-form.js'
import type { Refusal } from './refusal.js'
import { requestUrl } from './request-url.js'
import type { SeenRequest } from './seen-request.js'

/** One request and the answer to it. */
export class EmulatedCall {
  readonly seen: SeenRequest
  readonly url: URL
  readonly options: EmulatorOptions
  /** Number of this request at this emulator, from 1. */
  readonly number: number
  readonly arrivedAt = Date.now()
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #gone = new AbortController()
  #form: UploadedForm | undefined
  #fields: OutgoingHttpHeaders = {}
  #cut = false

  constructor(request: IncomingMessage, response: ServerResponse, seen: SeenRequest, options: EmulatorOptions, number: number) {
    this.#request = request
    this.#response = response
    this.seen = seen
    this.options = options
    this.number = number
    this.url = requestUrl(request)
    response.once('close', () => {
      this.#gone.abort()
      if (!response.writableFinished && !this.#cut) seen.abandonedAfterMs = Date.now() - this.arrivedAt
    })
    response.on('error', () => this.#gone.abort())
  }

  get method(): string {
    return this.seen.method
  }

  get path(): string {
    return this.url.pathname
  }

  get json(): unknown {
    return this.seen.json
  }

  /** The uploaded form, when the body is `multipart/form-data`. */
  get form(): UploadedForm {
    this.#form ??= UploadedForm.parse(this.header('content-type') ?? '', this.seen.body)
    return this.#form
  }

  /** Whether the client has closed the connection, or the answer is sent. */
  get gone(): boolean {
    return this.#gone.signal.aborted
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name.toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : value
  }

  /** Adds header fields to whatever answer follows. */
  always(fields: OutgoingHttpHeaders): void {
    this.#fields = { ...this.#fields, ...fields }
  }

  /** Removes a header field that {@link always} added. */
  omit(name: string): void {
    const { [name]: _, ...fields } = this.#fields
    this.#fields = fields
  }

  begin(status: number, fields: OutgoingHttpHeaders): void {
    this.seen.status = status
    this.#response.writeHead(status, { ...this.#fields, ...fields })
  }

  /** Writes. If the client reads slowly, waits until the buffer is empty. */
  async write(bytes: Buffer): Promise<void> {
    if (this.gone || this.#response.write(bytes)) return
    await once(this.#response, 'drain', { signal: this.#gone.signal }).catch(() => undefined)
  }

  end(bytes?: Buffer): void {
    if (bytes === undefined) this.#response.end()
    else this.#response.end(bytes)
  }

  /** Waits; if the client disconnects, no longer than until then. */
  async pause(ms: number): Promise<void> {
    if (this.gone) return
    await (ms > 0 ? sleep(ms, undefined, { signal: this.#gone.signal }) : nextTurn()).catch(() => undefined)
  }

  /** Closes the connection after what was written is on its way. */
  async cut(): Promise<void> {
    this.#cut = true
    await this.pause(20)
    this.#response.socket?.destroy()
  }

  /** Called when the emulator closes: a request without an answer is then not recorded as abandoned by the client. */
  forgive(): void {
    this.#cut = true
  }

  sendBytes(status: number, bytes: Buffer, fields: OutgoingHttpHeaders): void {
    this.begin(status, { ...fields, 'content-length': bytes.length })
    this.end(this.method === 'HEAD' ? undefined : bytes)
  }

  sendJson(status: number, body: unknown, fields: OutgoingHttpHeaders = {}): void {
    this.sendBytes(status, Buffer.from(JSON.stringify(body)), { 'content-type': 'application/json', ...fields })
  }

  sendHtml(page: string): void {
    this.sendBytes(200, Buffer.from(page), { 'content-type': 'text/html; charset=utf-8' })
  }

  refuse(refusal: Refusal): void {
    this.sendJson(refusal.status, refusal.body, refusal.headers)
  }
}
