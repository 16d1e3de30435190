import { checkConfig } from '@postern/config'
import { expect, test } from 'vitest'
import { packConfig, unpackConfig } from '../../sidecar/src/workers/packed-config.js'

test('a worker gets who uses the account of each key, and each secret, as the primary has them', () => {
  const { checked } = checkConfig(
    {
      version: 1,
      gateways: { main: { dialect: 'openai', baseURL: 'https://gateway.example.com/v1' } },
      keys: { acme: { gateway: 'main', secret: { env: 'ACME' } }, all: { gateway: 'main', secret: { env: 'ALL' } } },
      bindings: [
        { team: 'acme', key: 'acme' },
        { default: true, key: 'all' },
      ],
      callers: { session: { secret: { env: 'SESSION' } } },
      store: { memory: true },
    },
    { env: { ACME: 'the-key-of-acme-1', ALL: 'the-key-of-all-22', SESSION: 'a-secret-of-sessions-that-is-long-enough' }, directory: '/' },
  )
  if (checked === undefined) throw new Error('The configuration is not valid.')
  const unpacked = unpackConfig(packConfig(checked, {}))
  const severalOf = ({ tenants }: typeof checked) => [...tenants].map(([alias, { several, bindings }]) => [alias, several, bindings])
  expect(severalOf(checked)).toEqual([
    ['acme', false, ['team=acme']],
    ['all', true, ['default']],
  ])
  expect(severalOf(unpacked)).toEqual(severalOf(checked))
  const secretsOf = ({ secrets }: typeof checked) => [...secrets].map(([path, secret]) => [path, secret.reveal()])
  expect(secretsOf(unpacked)).toEqual(secretsOf(checked))
})
