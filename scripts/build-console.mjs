// Builds the page of `postern console` into sidecar/dist/console-page: one script, one style sheet, and files that are copied. The page is
// built where the package is packed, so that whoever installs it gets no library for it.
import { copyFileSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const from = join(root, 'sidecar/console')
const to = join(root, 'sidecar/dist/console-page')

mkdirSync(to, { recursive: true })
await build({
  absWorkingDir: from,
  entryPoints: { page: 'main.tsx' },
  outdir: to,
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: ['chrome120', 'firefox120', 'safari17'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  banner: { js: '/* Holds Preact, Copyright (c) 2015-present Jason Miller, MIT licence: preact.LICENSE */' },
  logLevel: 'warning',
})
// Its licence asks for its text wherever the code is.
copyFileSync(
  createRequire(join(from, 'main.tsx'))
    .resolve('preact/package.json')
    .replace(/package\.json$/, 'LICENSE'),
  join(to, 'preact.LICENSE'),
)
for (const file of ['index.html', 'page.css', 'favicon.svg']) copyFileSync(join(from, file), join(to, file))
