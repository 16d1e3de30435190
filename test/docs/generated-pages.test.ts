import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

test('the generated pages and the JSON schema say what the code says; mended with "node scripts/generate-docs.mjs"', () => {
  const script = pathToFileURL(resolve(root, 'scripts/generate-docs.mjs')).href
  const printed = execFileSync(process.execPath, [
    '--input-type=module',
    '-e',
    `import { generateFiles } from '${script}'; process.stdout.write(JSON.stringify(generateFiles()))`,
  ])
  const files = JSON.parse(printed.toString()) as Record<string, string>
  expect(Object.keys(files)).toEqual([
    'docs/errors.md',
    'docs/gateways/README.md',
    'docs/log.md',
    'docs/metrics.md',
    'docs/settings.md',
    'docs/way-of-a-call.md',
    'packages/config/postern.schema.json',
  ])
  for (const [path, text] of Object.entries(files)) expect(readFileSync(resolve(root, path), 'utf8')).toBe(text)
})
