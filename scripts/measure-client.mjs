// Prints what @postern/client adds to a page's bundle beside the openai package: bytes, minified and gzipped.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** What the client may add, in bytes. */
const mostBytes = 6500

/** Pages that use it, each as small as can be. */
const pages = {
  '@postern/client': `import { createPostern, PosternStreamError } from './packages/client/dist/index.js'
    globalThis.used = [createPostern({ url: '/ai' }), PosternStreamError]`,
  '@postern/client/fetch': `import { createPosternFetch, PosternStreamError } from './packages/client/dist/fetch.js'
    globalThis.used = [createPosternFetch({ url: '/ai' }), PosternStreamError]`,
}

for (const [name, contents] of Object.entries(pages)) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: join(root) },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: ['openai'],
    write: false,
  })
  const code = outputFiles[0].contents
  const bytes = gzipSync(code, { level: 9 }).length
  process.stdout.write(`${name}: ${bytes} bytes gzipped, ${code.length} minified\n`)
  if (bytes > mostBytes) {
    process.stderr.write(`That is more than ${mostBytes} bytes.\n`)
    process.exitCode = 1
  }
}
