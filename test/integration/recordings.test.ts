import { dialects } from '@postern/gateways'
import { EMULATED_GATEWAYS } from '@postern/emulator'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { describeRecordings } from '../support/describe-recordings.js'
import { readRecordings, recordingsFolder } from '../support/recordings.js'

const recordingsOf = (gateway: string) => readRecordings(join(recordingsFolder, gateway))

for (const gateway of EMULATED_GATEWAYS) describeRecordings(dialects[gateway], recordingsOf(gateway), dialects)

describe('the same refusal is the same to a client, whichever gateway it comes from', () => {
  const refusals = ['bad key', 'out of credit', 'throttled', 'policy', 'server error', 'broken stream', 'error in a stream', 'unavailable']
  test.each(refusals)('%s', (refusal) => {
    const all = EMULATED_GATEWAYS.map((gateway) => recordingsOf(gateway).filter((recording) => recording.refusal === refusal))
    expect(all.every((recordings) => recordings.length > 0)).toBe(true)
    const seen = all.flat().map(({ client: { status, code, mayRetry, finish } }) => ({ status, code, mayRetry, finish }))
    expect(new Set(seen.map((client) => JSON.stringify(client))).size).toBe(1)
  })
})
