import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { askAdmin, describeRefused } from '../admin/ask.js'
import { findCredential } from '../admin/find-credential.js'
import { findPlace } from '../admin/find-place.js'
import { readConsoleFiles } from '../console-files.js'
import type { Asked } from '../console/ask-sidecar.js'
import { createConsoleServer } from '../console/console-server.js'
import { eachLine } from '../console/each-line.js'
import { OneTimeCode } from '../console/one-time-code.js'
import { PageToken } from '../console/page-token.js'
import { Failure } from '../failure.js'
import { print, showName } from '../print.js'
import { untilSignal } from '../until-signal.js'

export interface ConsoleOptions {
  readonly config: string
  readonly socket?: string
  readonly adminPort?: number
  /** The console's own port; 0 takes a free one. */
  readonly port: number
}

/** How long the running process may take to answer the first question, in milliseconds. */
const timeoutMs = 5000

/** Serves the operator's pages on a port of 127.0.0.1 until it is told to stop, and prints the link that opens them. */
export async function openConsole({ config, socket, adminPort, port }: ConsoleOptions): Promise<number> {
  const files = readConsoleFiles()
  const place = findPlace({ config, ...(socket === undefined ? {} : { socket }), ...(adminPort === undefined ? {} : { port: adminPort }) })
  const asked = { place, credential: findCredential(config) }
  const operator = await identify(asked)
  const [code, token] = [new OneTimeCode(), new PageToken()]
  const server = createConsoleServer({ code, token, asked, files })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening').catch((error: Error) => {
    throw new Failure(`The console cannot listen on 127.0.0.1:${port}: ${error.message}. Give another --port, or none.`)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const printLink = (): void => print(`  ${url}/#code=${code.issue()}`)
  const lines = eachLine(process.stdin, printLink)
  const close = async (): Promise<void> => {
    lines.end()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  await untilSignal(close, () => {
    print(`The console is open as "${showName(operator)}". This link is good once, for a minute, in a browser of this machine:\n`)
    printLink()
    print('\nPress Enter for another link, which ends the page of this one. Ctrl-C closes the console.\n')
  })
  return 0
}

/** Asks the admin listener for whom it takes the console. @throws {Failure} if it refuses, or cannot be asked. */
async function identify({ place, credential }: Asked): Promise<string> {
  const answer = await askAdmin(place, { method: 'GET', path: '/admin/v1/operator', credential, timeoutMs })
  if (answer.status !== 200) throw new Failure(`The sidecar refused. ${describeRefused(answer, 'read')}`)
  return (JSON.parse(answer.text) as { readonly name: string }).name
}
