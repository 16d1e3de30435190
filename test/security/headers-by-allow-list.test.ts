import { checkConfig } from '@postern/config'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import type { House } from '../support/house.js'
import { rawChat, statusOf } from '../support/raw-chat.js'

/** Headers by which one gateway or another lets a client say where a call goes, who pays, which key is used, or whether it runs. */
const steering = [
  ['X-Portkey-Custom-Host', 'x-portkey-provider', 'x-portkey-config', 'x-portkey-forward-headers', 'x-portkey-cache-force-refresh'],
  [
    'Helicone-Target-Url',
    'Helicone-OpenAI-Api-Base',
    'helicone-fallbacks',
    'Helicone-User-Id',
    'helicone-cache-enabled',
    'Helicone-Retry-Num',
  ],
  ['cf-aig-skip-cache', 'cf-aig-cache-key', 'cf-aig-max-attempts', 'cf-aig-custom-cost', 'cf-aig-byok-alias'],
  [
    'x-litellm-model-group',
    'x-litellm-timeout',
    'x-litellm-tags',
    'x-litellm-num-retries',
    'x-litellm-end-user-id',
    'x-litellm-spend-logs-metadata',
  ],
  [
    'OpenAI-Organization',
    'OpenAI-Project',
    'OpenAI_Organization',
    'openai-safety-identifier',
    'anthropic-workspace-id',
    'anthropic-user-profile-id',
  ],
  ['x-goog-user-project', 'x-goog-request-params', 'x-amz-target', 'x-ms-region', 'azureml-model-deployment', 'x-vercel-ai-gateway-team'],
  [
    'X-Base-URL',
    'X-Upstream',
    'X-Route-To',
    'X-Target-Host',
    'X-Region',
    'X-Billing-Account',
    'X-Cost-Center',
    'X-Tenant',
    'X-Org-Id',
    'X-Team',
  ],
  [
    'HTTP-Referer',
    'X-Title',
    'X-Api-Version',
    'X-Model',
    'X-Priority',
    'X-Feature',
    'If-Match',
    'Range',
    'Cache-Control',
    'Pragma',
    'From',
  ],
  [
    'X-Stainless-Base-Url',
    'OpenAI-Beta-Host',
    'User-Agent-Override',
    'Content-Type-Options',
    'Accept_Language',
    'USER_AGENT',
    'Open_AI-Beta',
  ],
].flat()

const tracing = [
  ['baggage', 'b3', 'X-B3-TraceId', 'X-B3-Sampled', 'x-datadog-trace-id', 'x-datadog-sampling-priority', 'sentry-trace', 'sentry-baggage'],
  [
    'uber-trace-id',
    'uberctx-tenant',
    'X-Amzn-Trace-Id',
    'X-Cloud-Trace-Context',
    'newrelic',
    'elastic-apm-traceparent',
    'sw8',
    'grpc-trace-bin',
  ],
].flat()

/** What the official clients of OpenAI, Anthropic and Google send by themselves. */
const ofClients = [
  ['Accept', 'accept-language', 'User-Agent', 'OpenAI-Beta', 'anthropic-version', 'Anthropic-Beta', 'X-Goog-Api-Client', 'Idempotency-Key'],
  [
    'X-Stainless-Lang',
    'x-stainless-package-version',
    'x-stainless-os',
    'x-stainless-arch',
    'x-stainless-runtime',
    'x-stainless-runtime-version',
  ],
  ['x-stainless-async', 'x-stainless-retry-count', 'x-stainless-timeout', 'x-stainless-read-timeout', 'x-stainless-helper-method'],
].flat()

/** What reached the gateway of a call with such a header, by its name without case and punctuation. */
async function passed(house: House, name: string, value = 'of-the-client'): Promise<readonly string[]> {
  const before = house.emulator.seen.length
  const answer = await rawChat(house, [`${name}: ${value}`])
  expect(statusOf(answer)).toBe(200)
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  const seen = house.emulator.seen.slice(before)
  expect(seen).toHaveLength(1)
  return seen.flatMap(({ headers }) =>
    headers.filter(([each, sent]) => plain(each) === plain(name) || sent.includes('of-the-client')).map(([each]) => each),
  )
}

describe('headers-by-allow-list', () => {
  for (const gateway of ['joytoken', 'freeai', 'mintoken'] as const) {
    describe(`in front of ${gateway}`, () => {
      forEachDoor({ gateway }, (house) => {
        test.each(steering)('%s of a client does not reach the gateway', async (name) => expect(await passed(house(), name)).toEqual([]))

        test.each(tracing)('%s, which belongs to a tracing vendor, does not reach the gateway', async (name) =>
          expect(await passed(house(), name)).toEqual([]),
        )

        test.each(ofClients)('%s, which official clients send, reaches the gateway', async (name) =>
          expect(await passed(house(), name)).toEqual([name]),
        )

        test('the gateway sees no header besides the listed ones and those that Postern writes', async () => {
          await house().chat({ headers: { 'x-made-up': '1', dnt: '1', priority: 'u=1', 'x-requested-with': 'fetch' } })
          const names =
            house()
              .emulator.seen.at(-1)
              ?.headers.map(([name]) => name.toLowerCase()) ?? []
          const known = [
            ['accept', 'accept-language', 'content-type', 'user-agent', 'host', 'connection', 'content-length', 'accept-encoding'],
            ['authorization', 'x-request-id', 'traceparent', 'x-provider-key', 'x-gateway-project-id'],
          ].flat()
          expect(names.filter((name) => !known.includes(name))).toEqual([])
        })
      })
    })
  }

  forEachDoor({ gateway: 'joytoken', settings: { passHeaders: ['X-My-Feature', 'http-referer'] } }, (house) => {
    test.each(['x-my-feature', 'X-MY-FEATURE', 'HTTP-Referer'])('%s, which the operator adds, reaches the gateway', async (name) =>
      expect(await passed(house(), name)).toEqual([name]),
    )

    test.each(['X_My_Feature', 'x-my_feature', 'X-My-Feature-2', 'X-My', 'X-Portkey-Custom-Host'])(
      '%s, which is another name than the operator adds, does not',
      async (name) => expect(await passed(house(), name)).toEqual([]),
    )

    test('a header of the list that the connection is said to own goes no further', async () => {
      const before = house().emulator.seen.length
      await rawChat(house(), ['X-My-Feature: of-the-client', 'Connection: close, x-my-feature'])
      expect(
        house()
          .emulator.seen.slice(before)
          .map(({ headers }) => headers.filter(([, value]) => value.includes('of-the-client'))),
      ).toEqual([[]])
    })
  })
})

describe('headers that an operator cannot have passed on', () => {
  const problemsOf = (name: string, dialect = 'openai'): readonly string[] => {
    const config = {
      version: 1,
      gateways: { main: { dialect, ...(dialect === 'openai' ? { baseURL: 'https://gateway.example.com/v1' } : {}), passHeaders: [name] } },
      keys: {},
      bindings: [],
      callers: {},
    }
    return checkConfig(config, { env: {}, directory: process.cwd() }).problems.flatMap(({ path, severity }) =>
      severity === 'error' && path.startsWith('gateways') ? [path] : [],
    )
  }

  test.each(
    [
      steering.filter((name) => !/_|Referer|Title|Feature|Priority|Options|spend-logs|timeout|tags|safety|profile|spend/i.test(name)),
      tracing,
      [
        'Authorization',
        'Cookie',
        'X-API-Key',
        'api-key',
        'X-My-Token',
        'Proxy-Authorization',
        'X-Forwarded-For',
        'X-Forwarded-Host',
        'Forwarded',
      ],
      [
        'X-Real-IP',
        'Connection',
        'TE',
        'Transfer-Encoding',
        'Content-Length',
        'Content-Encoding',
        'Host',
        'Upgrade',
        'Expect',
        'X-Request-ID',
      ],
      [
        'traceparent',
        'Postern-Act-As',
        'X-HTTP-Method-Override',
        'X-Original-URL',
        'CustomHost',
        'x-virtualkey',
        'X-Gateway-Force-Provider',
        'X-BaseUrl',
      ],
    ].flat(),
  )('%s is refused with the place where it stands', (name) => {
    expect(problemsOf(name)).toEqual(['gateways.main.passHeaders[0]'])
  })

  test.each([
    ['X-Mintoken-Intensity', 'mintoken'],
    ['X-Provider-Key', 'mintoken'],
    ['x-gateway-project-id', 'freeai'],
  ])('%s is refused, since Postern writes it for %s', (name, dialect) =>
    expect(problemsOf(name, dialect)).toEqual(['gateways.main.passHeaders[0]']),
  )

  test.each(['x-my-feature', 'X-Title', 'HTTP-Referer', 'x-portkey-metadata', 'Helicone-Property-App', 'x-experiment-b'])(
    '%s says nothing of that and is taken',
    (name) => expect(problemsOf(name)).toEqual([]),
  )

  test.each(['x my feature', 'x_feature', '', 'x-*', 'a'.repeat(65)])('%j is the name of no header', (name) => {
    expect(problemsOf(name)).toEqual(['gateways.main.passHeaders[0]'])
  })
})
