import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { checkConfig, type CheckedConfig } from '@postern/config'
import { isLaxer, neutralSettings, provenSettings } from '../../packages/instance/src/changes/laxer-settings.js'
import { describe, expect, test } from 'vitest'

function anyConfig(): CheckedConfig {
  const { checked, problems } = checkConfig(
    {
      version: 1,
      gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
      bindings: [{ team: 'acme', key: 'acme' }],
      callers: { session: { secret: { env: 'SESSION' } } },
    },
    { env: { KEY: 'sk_a_key_of_the_gateway', SESSION: 'x'.repeat(40) }, directory: process.cwd() },
  )
  if (checked === undefined) throw new Error(JSON.stringify(problems))
  return checked
}

describe('every setting of the schema', () => {
  const script = pathToFileURL(resolve(import.meta.dirname, '../../scripts/settings.mjs')).href
  const printed = execFileSync(process.execPath, [
    '--input-type=module',
    '-e',
    `import { settingPaths } from '${script}'; process.stdout.write(JSON.stringify(settingPaths()))`,
  ])
  /** The names on the way to each setting; of a list, the list. */
  const settings = [
    ...new Set((JSON.parse(printed.toString()) as string[]).map((path) => path.replace(/\[\].*/, '').replaceAll('<name>', 'main'))),
  ].map((path) => path.split('.'))
  /** Values that a setting of any kind may have. */
  const values: readonly unknown[] = [undefined, 1, 2, true, false, 'off', 'other', ['one'], ['two'], [{ team: 'acme' }]]
  const [earlier, later] = [anyConfig(), anyConfig()]
  const isNamed = (path: readonly string[]): boolean =>
    values.some((before) => values.some((after) => before !== after && isLaxer({ path, earlier, later }, before, after)))
  const fits = (pattern: string, path: readonly string[]): boolean => {
    const names = pattern.replace(/ \*\*$/, '').split(' ')
    return (pattern.endsWith(' **') || names.length === path.length) && names.every((name, at) => fitsName(name, path[at]))
  }
  const fitsName = (name: string, written: string | undefined): boolean => name === '*' || name === written

  test('is named when it changes, at least in one direction, unless it is listed as having no say in what is let through', () => {
    expect(settings.length).toBeGreaterThan(90)
    const silent = settings.filter((path) => !isNamed(path)).map((path) => path.join(' '))
    expect(silent.toSorted()).toEqual([
      'admin credentials main hash',
      'backend connections',
      'backend timeouts headers',
      'browser hsts includeSubDomains',
      'browser hsts maxAge',
      'callers forwardAuth timeout',
      'gateways main attempts',
      'gateways main timeouts connect',
      'gateways main timeouts firstEvent',
      'gateways main timeouts headers',
      'gateways main timeouts hold',
      'gateways main timeouts idle',
      'keySources poll',
      'keys main expires',
      'keys main providerSecret env',
      'keys main providerSecret exec',
      'keys main providerSecret file',
      'keys main providerSecret variables',
      'keys main providerSecret vault',
      'keys main rotateAfter',
      'keys main rotated',
      'keys main secret env',
      'keys main secret exec',
      'keys main secret file',
      'keys main secret variables',
      'keys main secret vault',
      'listen keepAlive',
      'listen port',
      'log access',
      'reload watch',
      'shutdown deadline',
      'version',
    ])
  })

  test('is named in both directions where nothing is listed of it: so a new one is', () => {
    const unproven = settings.filter((path) => ![...neutralSettings, ...provenSettings].some((pattern) => fits(pattern, path)))
    expect(unproven.map((path) => path.join(' '))).toContain('gateways main dialect')
    for (const path of [...unproven, ['gateways', 'main', 'a setting that is new'], ['a group that is new']])
      for (const value of values.slice(1)) {
        expect([path, value, isLaxer({ path, earlier, later }, undefined, value)]).toEqual([path, value, true])
        expect([path, value, isLaxer({ path, earlier, later }, value, undefined)]).toEqual([path, value, true])
      }
  })

  test('that a list speaks of is one of the schema, or a group of them', () => {
    const isThere = (pattern: string): boolean => {
      const names = pattern.replace(/ \*\*$/, '').split(' ')
      return settings.some((path) => names.every((name, at) => fitsName(name, path[at]) || (name === '*' && at === path.length)))
    }
    expect([...neutralSettings, ...provenSettings].filter((pattern) => !isThere(pattern))).toEqual([])
  })
})
