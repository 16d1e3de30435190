import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as with6 from '@postern/client'
import { build } from 'esbuild'
import OpenAI6 from 'openai'
import { VERSION as version6 } from 'openai/version'
import OpenAI7 from 'openai-7'
import { VERSION as version7 } from 'openai-7/version'

/** The client, as it is where one version of the `openai` package is installed. */
export interface InstalledClient {
  readonly version: string
  readonly OpenAI: typeof OpenAI6
  readonly client: typeof with6
}

/** What is installed beside it decides; so for the other version it is bundled as somebody's application would be. */
async function bundleWith7(): Promise<typeof with6> {
  const folder = join(import.meta.dirname, `.bundle-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  const outfile = join(folder, 'client-with-7.mjs')
  await build({
    entryPoints: [resolve(import.meta.dirname, '../../packages/client/dist/index.js')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'bundle',
    external: ['openai-7'],
    alias: { openai: 'openai-7' },
    outfile,
  })
  try {
    return (await import(pathToFileURL(outfile).href)) as typeof with6
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export const bothClients: readonly InstalledClient[] = [
  { version: version6, OpenAI: OpenAI6, client: with6 },
  { version: version7, OpenAI: OpenAI7 as unknown as typeof OpenAI6, client: await bundleWith7() },
]
