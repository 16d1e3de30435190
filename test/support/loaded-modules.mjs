// Imported before a program: writes the URL of every module that the program loads into the file that LOADED_MODULES names.
import { appendFileSync } from 'node:fs'
import { createRequire, register } from 'node:module'
import { pathToFileURL } from 'node:url'

register('./loaded-modules-hook.mjs', import.meta.url)
const { cache } = createRequire(import.meta.url)
// What `require` loads is not seen by the hook.
process.on('exit', () => {
  for (const file of Object.keys(cache)) appendFileSync(process.env.LOADED_MODULES, `${pathToFileURL(file).href}\n`)
})
