import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Child } from './child.js'
import { freePort } from './free-port.js'
import { callerKey } from './headers.js'
import type { NodeLine } from './node-line.js'
import type { RunningSubject } from './subjects.js'
import { untilAnswers } from './until-answers.js'

/** Where `npm run bench -- --peers` installs it. */
const program = fileURLToPath(new URL('../../../.peers/node_modules/@portkey-ai/gateway/build/start-server.js', import.meta.url))

/** Whether Portkey's gateway is installed. */
export function hasPortkey(): boolean {
  return existsSync(program)
}

/** Starts Portkey's open gateway as its package starts it, without its console. Each request says where it leads, as its documents show. */
export async function startPortkey(upstream: number, node: NodeLine): Promise<RunningSubject> {
  const port = await freePort()
  const child = Child.start('portkey', [program, '--headless', `--port=${port}`], { speaks: false, command: node.command })
  await untilAnswers(child, port)
  const headers = [
    `Authorization: Bearer ${callerKey}`,
    'x-portkey-provider: openai',
    `x-portkey-custom-host: http://127.0.0.1:${upstream}/v1`,
  ]
  return { child, target: { port, path: '/v1/chat/completions', credentials: { sets: [headers], once: false } } }
}
