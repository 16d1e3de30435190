// Prints what @postern/client adds to a page's bundle beside the openai package, and what such a page loads: bytes, minified and gzipped.
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
  const bytes = await measure(name, contents, ['openai'])
  if (bytes > mostBytes) {
    process.stderr.write(`That is more than ${mostBytes} bytes.\n`)
    process.exitCode = 1
  }
}

const openaiAlone = `import OpenAI from 'openai'
    globalThis.used = OpenAI`
await measure('a page with openai alone', openaiAlone, [])
await measure('a page with openai and @postern/client', pages['@postern/client'], [])

async function measure(name, contents, external) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: join(root) },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external,
    write: false,
  })
  const code = outputFiles[0].contents
  const bytes = gzipSync(code, { level: 9 }).length
  process.stdout.write(`${name}: ${bytes} bytes gzipped, ${code.length} minified\n`)
  return bytes
}
