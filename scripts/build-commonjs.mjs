// Writes what `require` gets of the packages that pages and backends load: jest, TypeScript's `node10` and other CommonJS consumers
// cannot load ES modules. File by file what the compiler made, in dist/commonjs; where nothing changed, nothing is done.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transform } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

for (const name of ['protocol', 'client', 'server']) {
  const from = join(root, 'packages', name, 'dist')
  const to = join(from, 'commonjs')
  mkdirSync(to, { recursive: true })
  writeFileSync(join(to, 'package.json'), '{ "type": "commonjs" }\n')
  for (const file of readdirSync(from).filter((file) => file.endsWith('.js') || file.endsWith('.d.ts'))) {
    if (isOlder(join(from, file), join(to, file))) continue
    // The maps are of the other form.
    const text = readFileSync(join(from, file), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')
    const isCode = file.endsWith('.js')
    writeFileSync(join(to, file), isCode ? (await transform(text, { format: 'cjs', platform: 'node', target: 'node20' })).code : text)
  }
}

function isOlder(one, other) {
  try {
    return statSync(one).mtimeMs <= statSync(other).mtimeMs
  } catch {
    return false
  }
}
