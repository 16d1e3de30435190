/** An OpenAI-compatible gateway, and a backend with one page, that cost as little as Node allows. */

import type { ServerResponse } from 'node:http'
import type { Pace } from './completion.js'
import { answer, done, event, lastEvent, paceOf, usageEvent } from './completion.js'
import { page, pagePath } from './page.js'
import { serve } from './serve.js'
import { timedEvent } from './timed-event.js'

const ANSWER_HEADERS = ['content-type', 'application/json', 'content-length', String(answer.length)]
const PAGE_HEADERS = [
  'content-type',
  'text/html; charset=utf-8',
  'content-length',
  String(page.length),
  'cache-control',
  'private, no-cache',
  'etag',
  'W/"bench"',
]
const STREAM_HEADERS = ['content-type', 'text/event-stream; charset=utf-8', 'cache-control', 'no-cache']

/** Writes one event at a time, so that whoever reads sees about one event per read. */
function stream(res: ServerResponse, pace: Pace, withUsage: boolean): void {
  res.writeHead(200, STREAM_HEADERS)
  let written = 0
  let timer: NodeJS.Timeout | undefined
  const next = (): void => {
    if (res.destroyed) return
    if (written === pace.events) {
      clearInterval(timer)
      if (withUsage) res.write(usageEvent)
      res.end(done)
      return
    }
    written += 1
    const flowing = res.write(written === pace.events ? lastEvent : pace.isTimed ? timedEvent() : event)
    if (pace.interval > 0) return
    if (flowing) setImmediate(next)
    else res.once('drain', next)
  }
  if (pace.interval > 0) {
    timer = setInterval(next, pace.interval)
    res.on('close', () => clearInterval(timer))
  }
  next()
}

serve((req, res) => {
  if (req.url === pagePath) {
    if (req.method === 'GET') res.writeHead(200, PAGE_HEADERS).end(page)
    else req.resume().on('end', () => res.writeHead(200, PAGE_HEADERS).end(page))
    return
  }
  if (req.method !== 'POST' || req.url?.endsWith('/chat/completions') !== true) {
    req.resume()
    res.writeHead(404).end()
    return
  }
  let body = ''
  req.on('data', (chunk: Buffer) => {
    body += chunk.toString('latin1')
  })
  req.on('end', () => {
    const pace = paceOf(body)
    if (pace !== undefined) stream(res, pace, /"include_usage"\s*:\s*true/.test(body))
    else res.writeHead(200, ANSWER_HEADERS).end(answer)
  })
})
