/** The other door under test: Postern inside an Express application. Starts anew, with nothing remembered, when it is told to. */

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkConfig, ConfigError, type ConfigInput } from '@postern/config'
import { guardServer, type Runtime } from '@postern/instance'
import { createRuntime, type PosternMiddleware, posternMiddleware, securityMiddleware } from '@postern/express'
import express from 'express'

const config = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as ConfigInput

function open(): { readonly runtime: Runtime; readonly middleware: PosternMiddleware } {
  const { checked, problems } = checkConfig(config, { env: process.env, directory: process.cwd() })
  if (checked === undefined) throw new ConfigError(problems)
  const runtime = createRuntime(checked)
  return { runtime, middleware: posternMiddleware(runtime) }
}

let current = open()
const app = express()
app.use(securityMiddleware())
app.use(current.runtime.config.mount, (request, response, next) => current.middleware(request, response, next))
app.get('/', (_, response) => {
  response.send('<!doctype html><h1>An application</h1>')
})

const server = guardServer(createServer({ requireHostHeader: false }, app), current.runtime)
server.listen(0, '127.0.0.1', 2048, () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })}\n`)
})

process.on('message', (message: object) => {
  if (!('renew' in message)) return
  const before = current
  current = open()
  void before.middleware.close().then(() => process.send?.({ renewed: true }))
})
process.channel?.unref()
