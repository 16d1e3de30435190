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
