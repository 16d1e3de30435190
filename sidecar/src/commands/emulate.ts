import { type EmulatedGateway, EMULATED_GATEWAYS, emulatedCases, startEmulator, issueKey, USUAL_MODELS } from '@postern/emulator'
import { type Dialect, dialects } from '@postern/gateways'
import { Failure } from '../failure.js'
import { print, printJson, printTable } from '../print.js'
import { untilSignal } from '../until-signal.js'

/** Runs one emulated gateway alone. */
export async function emulate(
  name: string,
  options: { readonly port?: number; readonly cases?: boolean; readonly json?: boolean },
): Promise<number> {
  const gateway = EMULATED_GATEWAYS.find((known): known is EmulatedGateway => known === name)
  if (gateway === undefined) throw new Failure(`There is no emulated gateway "${name}". There are ${EMULATED_GATEWAYS.join(', ')}.`)
  if (options.cases === true) {
    printCases(gateway, options.json === true)
    return 0
  }
  const key = issueKey(gateway)
  const emulator = await startEmulator(gateway, { keys: [key], ...(options.port === undefined ? {} : { port: options.port }) })
  if (options.json === true)
    printJson({
      gateway,
      base_url: emulator.baseURL,
      secret: key.secret,
      ...(key.providerSecret === undefined ? {} : { provider_secret: key.providerSecret }),
    })
  else {
    print(`An emulated ${gateway} answers at ${emulator.baseURL}`)
    print(`Its key is ${key.secret}${key.providerSecret === undefined ? '' : ` and its provider key ${key.providerSecret}`}`)
    print(
      `\ncurl ${emulator.baseURL}/chat/completions ${keyHeaders(gateway, key)} -H 'Content-Type: application/json' -d '{"model":"${USUAL_MODELS[gateway]}","messages":[{"role":"user","content":"Hello"}]}'`,
    )
    print(`\nIt fails on request: "postern emulate ${gateway} --cases" lists how. Ctrl-C ends it.`)
  }
  await untilSignal()
  await emulator.close()
  return 0
}

function keyHeaders(gateway: EmulatedGateway, key: { readonly secret: string; readonly providerSecret?: string }): string {
  const { credential, providerCredential, project }: Dialect = dialects[gateway]
  const headers = [`${credential.header}: ${credential.prefix}${key.secret}`]
  if (providerCredential !== undefined) headers.push(`${providerCredential.header}: ${providerCredential.prefix}${key.providerSecret}`)
  if (project !== undefined) headers.push(`${project.header}: demo`)
  return headers.map((header) => `-H '${header}'`).join(' ')
}

function printCases(gateway: EmulatedGateway, json: boolean): void {
  const cases = emulatedCases(gateway)
  if (json) printJson(cases)
  else {
    printTable(
      ['model', 'or a last message', 'status', 'what happens'],
      cases.map(({ model, prompt, status, summary }) => [model, prompt, String(status), summary]),
    )
  }
}
