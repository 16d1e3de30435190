import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

test('the generated pages say what the code says; mended with "node scripts/generate-docs.mjs"', () => {
  const script = pathToFileURL(resolve(root, 'scripts/generate-docs.mjs')).href
  const printed = execFileSync(process.execPath, [
    '--input-type=module',
    '-e',
    `import { generatePages } from '${script}'; process.stdout.write(JSON.stringify(generatePages()))`,
  ])
  const pages = JSON.parse(printed.toString()) as Record<string, string>
  expect(Object.keys(pages)).toEqual(['errors.md', 'gateways/README.md', 'settings.md', 'way-of-a-call.md'])
  for (const [name, text] of Object.entries(pages)) expect(readFileSync(resolve(root, 'docs', name), 'utf8')).toBe(text)
})
