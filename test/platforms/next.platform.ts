import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { home, layProgram, root, run } from './programs.js'

const recipe = [...readFileSync(join(root, 'docs/client.md'), 'utf8').matchAll(/<!-- next: (\S+) -->\n```jsx?\n([\s\S]*?)\n```/g)]
const printed = Object.fromEntries(recipe.map(([, path, code]) => [path as string, code as string]))

/** What the recipe leaves to its reader. */
const further = {
  'package.json': '{"private":true}',
  'app/users.js': "export const findUser = async (cookie) => (cookie === 'sid=7' ? { id: 'u_7', tenant: 'acme' } : undefined)",
  'app/layout.jsx': 'export default ({ children }) => <html lang="en"><body>{children}</body></html>',
  'app/page.jsx': "import { Chat } from './chat.jsx'\nexport default () => <Chat />",
}

describe.each(['next-15'])('the recipe for Next.js, as it is printed, with %s', (version) => {
  let folder: string
  const next = (...words: string[]): string[] => [join(folder, 'node_modules/next/dist/bin/next'), ...words]
  beforeAll(() => {
    // Turbopack looks for packages below its root only, and takes that from a lockfile.
    const places = `turbopack: { root: ${JSON.stringify(home)} }, outputFileTracingRoot: ${JSON.stringify(home)},`
    const config = printed['next.config.mjs']?.replace('export default {', `export default { ${places}`) ?? ''
    folder = layProgram(version, { ...further, ...printed, 'next.config.mjs': config })
    // Under its own name, by which it looks for itself.
    cpSync(join(home, 'node_modules', version), join(folder, 'node_modules/next'), { recursive: true })
  })
  test('is built without the environment of its server', async () => {
    expect(await run(process.execPath, next('build'), folder)).toContain('/session')
  })
})
