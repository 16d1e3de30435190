import { chatEndpoints, type Dialect, get, usualWaits } from '@postern/gateways'

/** A gateway that nobody has heard of: its own key header, envelope, catalogue, prices and waits. */
export const harbor: Dialect = {
  id: 'harbor',
  title: 'Harbor',
  documentation: 'https://harbor.example/docs',
  baseURL: 'https://api.harbor.example/llm/v2',
  credential: { header: 'X-Harbor-Pass', prefix: 'pass=' },
  requestHeaders: ['x-harbor-deck'],
  endpoints: {
    ...chatEndpoints,
    models: { ...get(), path: '/ships', open: true, catalogue: { items: '/ships[]', id: ['/name'], ownedBy: ['/line'] } },
  },
  operatorPaths: ['captains'],
  governance: {
    passedHeaders: ['x-harbor-'],
    headers: { provider: 'x-harbor-pier' },
    body: { requestId: ['/voyage/id'], cost: { amount: '/voyage/toll', fixedUnit: 'EUR' } },
    recordMembers: ['voyage'],
  },
  errors: {
    message: ['/error/said'],
    code: ['/error/why'],
    type: [],
    rules: [
      { name: 'not_aboard', means: 'gateway_key_rejected' },
      { name: 'purse_empty', means: 'gateway_out_of_credit' },
      { name: 'low_tide', means: 'gateway_unavailable', retryAfterSeconds: 20 },
    ],
  },
  retries: { ...usualWaits, after: [{ name: 'fog', because: 'no ship left the harbour' }] },
  keyPattern: /^hb_/,
  keyVariable: 'HARBOR_PASS',
}
