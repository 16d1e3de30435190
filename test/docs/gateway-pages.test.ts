import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { checkConfig, type Config } from '@postern/config'
import { callerObject, dialects, type Endpoints, endpointsOf } from '@postern/gateways'
import { EMULATED_GATEWAYS } from '@postern/emulator'
import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'
import { openHouse } from '../support/house.js'
import { callerCredential, ringEntry } from '../support/secrets.js'

const folder = resolve(import.meta.dirname, '../../docs/gateways')

function blocksOf(gateway: string): readonly unknown[] {
  const page = readFileSync(resolve(folder, `${gateway}.md`), 'utf8')
  return [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => parse(text as string) as unknown)
}

const keys: Readonly<Record<string, string>> = {
  JOY_TOKEN_API_KEY: 'jt_0123456789',
  OPENTOKEN_API_KEY: 'sk-optk-0123456789',
  GATEWAY_API_KEY: `fai_${'A'.repeat(43)}`,
  ONYSOFT_API_KEY: `sk-ony-${'0a'.repeat(24)}`,
  MINTOKEN_API_KEY: 'mt_live_0123456789',
  OPENAI_API_KEY: 'sk-0123456789abcdefgh',
  ANTHROPIC_API_KEY: 'sk-ant-0123456789abcdefgh',
}

describe.each(EMULATED_GATEWAYS)('the page of %s', (gateway) => {
  const [config] = blocksOf(gateway)

  test('shows a configuration that is good as it stands, without a warning', () => {
    const env = { ...keys, GATEWAY_API_KEY_HASHES: ringEntry('backend', callerCredential()) }
    expect(checkConfig(config, { env, directory: '.' }).problems).toEqual([])
  })

  test('shows settings that work in front of the gateway', async () => {
    const { policies, gateways } = config as Config
    const { baseURL: _, ...settings } = gateways['main'] as Config['gateways'][string]
    const house = await openHouse({
      gateway,
      settings: settings as object,
      config: policies === undefined ? {} : { policies: policies as object },
    })
    try {
      expect((await house.chat()).status).toBe(200)
    } finally {
      await house.close()
    }
  })

  test('names every header that the dialect injects, and where its documents and its default address are', () => {
    const page = readFileSync(resolve(folder, `${gateway}.md`), 'utf8')
    const { credential, providerCredential, project, endpoints, choices } = dialects[
      gateway
    ] as (typeof dialects)[keyof typeof dialects] & {
      readonly providerCredential?: { header: string }
      readonly project?: { header: string }
      readonly choices?: object
    }
    for (const header of [credential.header, providerCredential?.header, project?.header])
      if (header !== undefined) expect(page).toContain(header)
    for (const heading of ['What is passed on', 'What is normalised', 'What is unknown']) expect(page).toContain(`## ${heading}`)
    const objects = Object.values<Endpoints[string]>(endpoints).flatMap(endpointsOf).map(callerObject)
    for (const pointer of objects.flatMap((object) => object?.ids ?? [])) expect(page).toContain(pointer.slice(1))
    for (const choice of Object.keys(choices ?? {})) expect(page).toContain(choice)
  })
})

test('the address limit is configured as the page of Free AI shows', () => {
  const [, further] = blocksOf('freeai') as [unknown, Pick<Config, 'gateways'>]
  const { problems } = checkConfig({ version: 1, ...further }, { env: {}, directory: '.' })
  expect(problems.filter(({ path }) => path.startsWith('gateways'))).toEqual([])
})
