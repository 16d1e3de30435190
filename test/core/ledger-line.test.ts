import { createLogLedger, type LedgerEntry } from '@postern/core'
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
      leaked_key: 'acme',
      finish: 'upstream_error' as const,
      model_requested: 'auto',
      model: 'm',
      provider: 'p',
      failover: true,
      tier: 't',
      usage: { source: 'answer' as const, input: 1, output: 2 },
      cost: { amount: 0.5, unit: 'USD' },
      quota: { used: 90, limit: 100, unit: 'tokens' as const },
      intensity: 'full',
      gateway_request_id: 'req_1',
      gateway_ms: 41,
      duration_ms: 12.5,
      overhead_ms: 0.25,
      client_request_id: 'mine',
      trace_id: 'abc',
      earlier: [{ attempt: 1, code: 'gateway_unavailable', cause: 'gateway status 503, “overloaded”' }],
      refused: 'evil\u0000.example\nx',
      cause: 'ECONNRESET: gone\u2028',
    } satisfies Record<Exclude<keyof LedgerEntry, 'budget_left'>, unknown>
    const line = await lineOf(entry)
    expect(JSON.parse(line)).toEqual({ level: 'error', msg: 'request', ...entry })
    expect(line).toMatch(/^[\x20-\x7e]+\n$/)
  })
})
