import { setTimeout as wait } from 'node:timers/promises'
import { parseGovernance } from '@postern/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { startHostileUpstream, type HostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type House, openHouse } from '../support/house.js'

/** How long the gateway says nothing. */
const silenceMs = 400

describe.each(doorNames)('what overhead_ms counts of a stream, behind the %s door', (door) => {
  let house: House
  let upstream: HostileUpstream
  afterEach(async () => {
    await house.close()
    await upstream.close()
  })

  /** A stream of one event, then silence, then what `then` does; gives the entry, and the whole time without that silence. */
  async function overheadOf(then: 'reset' | 'end' | 'leave' | 'cut' | 'time out') {
    const controller = new AbortController()
    upstream = await startHostileUpstream(async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n')
      await wait(silenceMs)
      if (then === 'reset') response.socket?.resetAndDestroy()
      else if (then === 'end') response.end('data: [DONE]\n\n')
      else if (then === 'leave') controller.abort()
      else if (then === 'cut') house.runtime.cut()
    })
    const timeouts = then === 'time out' ? { timeouts: { idle: `${silenceMs}ms` } } : {}
    house = await openHouse({ door, baseURL: upstream.baseURL, ...timeouts })
    const answer = await house.chat({ body: { stream: true }, signal: controller.signal })
    const text = await answer.text().catch(() => '')
    await expect.poll(() => house.ledger.entries).toHaveLength(1)
    const [entry] = house.ledger.entries
    const frame = parseGovernance(/^: postern (.*)$/m.exec(text)?.[1])
    return { entry, frame, ownMs: (entry?.duration_ms ?? 0) - silenceMs + 1 }
  }

  test.each([
    ['breaks off', 'reset', 'truncated'],
    ['is never heard of again', 'time out', 'truncated'],
    ['ends after all', 'end', 'complete'],
    ['loses its client', 'leave', 'client_closed'],
    ['is cut at the end of the process', 'cut', 'cut_shutdown'],
  ] as const)('the silence of a gateway whose stream %s is not among it', async (_, then, finish) => {
    const { entry, frame, ownMs } = await overheadOf(then)
    expect(entry).toMatchObject({ finish })
    expect(entry?.overhead_ms).toBeLessThanOrEqual(ownMs)
    if (frame !== undefined) expect(frame.overhead_ms).toBeLessThanOrEqual(ownMs)
  })
})
