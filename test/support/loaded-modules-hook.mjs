import { appendFileSync } from 'node:fs'

/** Notes each ES module, and each module that one imports. */
export async function load(url, context, next) {
  if (url.startsWith('file:')) appendFileSync(process.env.LOADED_MODULES, `${url}\n`)
  return next(url, context)
}
