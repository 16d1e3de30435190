import { postern } from '@postern/express'

/** Postern at /ai: one key for each tenant, and none for whoever has none. */
export function openPostern({ origin, gateway, env }) {
  return postern(
    {
      version: 1,
      gateways: { main: { dialect: 'joytoken', baseURL: gateway } },
      keys: {
        'acme-production': { gateway: 'main', secret: { env: 'JOY_KEY_ACME' } },
        'globex-trial': { gateway: 'main', secret: { env: 'JOY_KEY_GLOBEX' } },
      },
      bindings: [
        { team: 'acme', key: 'acme-production' },
        { team: 'globex', key: 'globex-trial' },
        // Umbrella has no key: its people are refused, and never billed to somebody else.
      ],
      limits: {
        // What a call can cost at most; the gateway reports what it did cost.
        prices: { version: '1', prices: [{ model: '*', unit: 'credits', perMillion: { input: 2500, output: 2500 }, maxOutput: 40 }] },
        // Globex tries it out: so much a day for each of its people.
        rules: [{ name: 'trial', team: 'globex', each: 'user', per: 'day', spend: '0.6 credits' }],
      },
      callers: {
        forwardAuth: { url: `${origin}/api/me`, cookies: ['sid'], claims: { user: 'user', team: 'tenant' } },
      },
    },
    { env, ledger: { append: printCall, flush: () => Promise.resolve() } },
  )
}

function printCall({ status, code, team, user, key, cost, request_id: id }) {
  const paid = key === undefined ? (code ?? 'no key') : `paid by ${key}`
  const amount = cost === undefined ? '' : `, ${cost.amount} ${cost.unit}`
  console.log(`${status}  ${user ?? 'nobody'} of ${team ?? 'no tenant'}: ${paid}${amount}  ${id}`)
}
