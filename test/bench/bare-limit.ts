/** The fastest proxy plain Node allows: undici's low-level dispatch, raw header lists, one header added, streams both ways. */

import type { ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { Pool } from 'undici'
import { isForwarded, keepForwarded, upstreamCredential } from './headers.js'
import { serve, upstreamPort } from './serve.js'

class Forwarding implements Dispatcher.DispatchHandler {
  readonly #res: ServerResponse
  #abort: (() => void) | undefined
  #resume: (() => void) | undefined

  constructor(res: ServerResponse) {
    this.#res = res
  }

  /** The client has left: the upstream need not go on. */
  abandon(): void {
    this.#abort?.()
  }

  onConnect(abort: () => void): void {
    this.#abort = abort
    if (this.#res.destroyed) abort()
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void): boolean {
    const headers: string[] = []
    for (let at = 0; at < raw.length; at += 2) {
      const name = (raw[at] as Buffer).toString('latin1')
      if (isForwarded(name)) headers.push(name, (raw[at + 1] as Buffer).toString('latin1'))
    }
    this.#resume = resume
    this.#res.writeHead(status, headers)
    return true
  }

  onData(chunk: Buffer): boolean {
    if (this.#res.write(chunk)) return true
    if (this.#resume !== undefined) this.#res.once('drain', this.#resume)
    return false
  }

  onComplete(): void {
    this.#res.end()
  }

  onError(): void {
    if (this.#res.headersSent) this.#res.destroy()
    else this.#res.writeHead(502).end()
  }
}

const pool = new Pool(`http://127.0.0.1:${upstreamPort()}`)

serve((req, res) => {
  const headers = keepForwarded(req.rawHeaders, ['authorization', upstreamCredential])
  const forwarding = new Forwarding(res)
  res.on('close', () => {
    if (!res.writableFinished) forwarding.abandon()
  })
  const body = req.method === 'GET' ? null : req
  pool.dispatch({ method: req.method as Dispatcher.HttpMethod, path: req.url ?? '/', headers, body }, forwarding)
})
