import { createLogLedger } from '@postern/instance'
import type { LedgerEntry, LedgerEvent } from '@postern/ports'
import { describe, expect, test } from 'vitest'

async function lineOf(entry: LedgerEntry): Promise<string> {
  let written = ''
  const ledger = createLogLedger({ write: (lines) => (written += lines), flush: () => Promise.resolve() })
  ledger.append(entry)
  await ledger.close()
  return written
}

describe('a ledger line', () => {
  test('is the entry, as JSON would write it, with its level', async () => {
    const entry = {
      time: '2026-01-02T03:04:05.678Z',
      request_id: 'w.s.u.1',
      attempt: 1,
      workflow: 'w',
      workflow_verified: true,
      step: 's',
      parent_step: 'p',
      gateway: 'main',
      key: 'acme',
      binding: 'team=acme',
      via: 'service' as const,
      caller: 'agent',
      user: 'Jürgen "the\nfirst"',
      team: 'acme',
      project: 'labs',
      method: 'POST',
      path: '/v1/chat/completions',
      status: 502,
      code: 'gateway_failed',
      own: true as const,
      former_credential: true as const,
      leaked_key: 'acme',
      joined: '_._.01ARZ3NDEKTSV4RRFFQ69G5FAV.1',
      finish: 'upstream_error' as const,
      ended_without_mark: true,
      model_requested: 'auto',
      model: 'm',
      provider: 'p',
      failover: true,
      tier: 't',
      usage: { source: 'answer' as const, input: 1, output: 2 },
      cost: { amount: 0.5, unit: 'USD' },
      budget_left: { amount: 1.5, unit: 'USD', rule: 'à la carte' },
      clamped: { ceiling: 500, asked: 900 },
      estimated: { input: 3, cost: { amount: 0.5, unit: 'USD' } },
      booked: 'reported' as const,
      quota: { used: 90, limit: 100, unit: 'tokens' as const },
      intensity: 'full',
      gateway_request_id: 'req_1',
      gateway_ms: 41,
      retry_after: 3600,
      duration_ms: 12.5,
      overhead_ms: 0.25,
      client_request_id: 'mine',
      trace_id: 'abc',
      earlier: [{ attempt: 1, code: 'gateway_unavailable', cause: 'gateway status 503, “overloaded”' }],
      refused: 'evil\u0000.example\nx',
      address: '203.0.113.7',
      cause: 'ECONNRESET: gone\u2028',
    } satisfies Record<keyof LedgerEntry, unknown>
    const line = await lineOf(entry)
    expect(JSON.parse(line)).toEqual({ level: 'error', msg: 'request', ...entry })
    expect(line).toMatch(/^[\x20-\x7e]+\n$/)
  })
})

/** Characters that terminals act upon, that end lines for some readers, that turn text round, or that cannot be seen. */
const acted = [
  '\u0000',
  '\n',
  '\r',
  '\u001b[2J',
  '\u007f',
  '\u0085',
  '\u009b2J',
  '\u009d0;x\u009c',
  '\u00ad',
  '\u2028',
  '\u2029',
  '\u200b',
  '\u200f',
  '\u202e',
  '\u2066',
  '\u2069',
  '\u061c',
  '\ufeff',
  '\ud800',
  '\u{e0041}',
  '“é”',
]

describe('every line of the log is one line of printable ASCII, whoever writes it', () => {
  const lineWith = async (write: (ledger: ReturnType<typeof createLogLedger>) => void): Promise<Record<string, unknown>> => {
    let written = ''
    const ledger = createLogLedger({ write: (lines) => (written += lines), flush: () => Promise.resolve() })
    write(ledger)
    await ledger.close()
    expect(written).toMatch(/^[\x20-\x7e]+\n$/)
    return JSON.parse(written) as Record<string, unknown>
  }

  test.each(acted)('with %j in what it is told', async (character) => {
    const text = `a${character}b`
    const preflight: LedgerEvent = { event: 'preflight_refused', time: 'now', origin: text }
    const ended: LedgerEvent = { event: 'session_ended', time: 'now', kind: 'user', name: text, via: 'admin', by: text, team: text }
    expect(await lineWith((ledger) => ledger.event?.(preflight))).toMatchObject({ msg: 'preflight_refused', origin: text })
    expect(await lineWith((ledger) => ledger.event?.(ended))).toMatchObject({ msg: 'session_ended', name: text, by: text, team: text })
    expect(await lineWith((ledger) => ledger.log('warn', text, { fact: text, [text]: { deep: [text] } }))).toMatchObject({
      msg: text,
      fact: text,
      [text]: { deep: [text] },
    })
    expect(await lineWith((ledger) => ledger.log('error', 'failed', { err: new Error(text) }))).toMatchObject({ err: { message: text } })
    const entry: LedgerEntry = {
      time: 'now',
      request_id: 'r',
      attempt: 0,
      method: 'GET',
      path: text,
      status: 400,
      duration_ms: 1,
      refused: text,
    }
    expect(await lineWith((ledger) => ledger.append(entry))).toMatchObject({ path: text, refused: text })
  })
})
