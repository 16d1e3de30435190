import {
  type EmulatedGateway,
  EMULATED_GATEWAYS,
  emulatedCases,
  type EmulatedKey,
  startEmulator,
  issueKey,
  USUAL_MODELS,
} from '@postern/emulator'
import { type Dialect, dialects } from '@postern/gateways'
import { Failure } from '../failure.js'
import { print, printJson, printTable } from '../print.js'
import { readEmulatedKeys } from '../read-emulated-keys.js'
import { untilSignal } from '../until-signal.js'

/** Runs one emulated gateway alone. */
export async function emulate(
  name: string,
  options: { readonly port?: number; readonly key?: readonly string[]; readonly cases?: boolean; readonly json?: boolean },
): Promise<number> {
  const gateway = EMULATED_GATEWAYS.find((known): known is EmulatedGateway => known === name)
  if (gateway === undefined) throw new Failure(`There is no emulated gateway "${name}". There are ${EMULATED_GATEWAYS.join(', ')}.`)
  if (options.cases === true) {
    printCases(gateway, options.json === true)
    return 0
  }
  const keys = options.key === undefined ? new Map([['main', issueKey(gateway)]]) : readEmulatedKeys(gateway, options.key)
  const [key] = keys.values() as Iterable<EmulatedKey> as [EmulatedKey]
  const emulator = await startEmulator(gateway, {
    keys: [...keys.values()],
    ...(options.port === undefined ? {} : { port: options.port }),
  }).catch((error: unknown) => {
    throw describeStartError(error, options.port)
  })
  const tell = (): void => {
    if (options.json === true)
      printJson({
        gateway,
        base_url: emulator.baseURL,
        secret: key.secret,
        ...(key.providerSecret === undefined ? {} : { provider_secret: key.providerSecret }),
        keys: Object.fromEntries([...keys].map(([name, { secret }]) => [name, secret])),
      })
    else {
      print(`An emulated ${gateway} answers at ${emulator.baseURL}`)
      if (options.key === undefined)
        print(`Its key is ${key.secret}${key.providerSecret === undefined ? '' : ` and its provider key ${key.providerSecret}`}`)
      else for (const [name, { secret }] of keys) print(`Key ${name}: ${secret}`)
      print(
        `\ncurl ${emulator.baseURL}/chat/completions ${keyHeaders(gateway, key)} -H 'Content-Type: application/json' -d '{"model":"${USUAL_MODELS[gateway]}","messages":[{"role":"user","content":"Hello"}]}'`,
      )
      print(`\nIt fails on request: "postern emulate ${gateway} --cases" lists how. Ctrl-C ends it.`)
    }
  }
  await untilSignal(() => emulator.close(), tell)
  return 0
}

/** If the key names no provider's key, the emulated gateway takes any provider's key of this form. */
const anyProviderKey = 'sk-any-provider-key'

function describeStartError(error: unknown, port: number | undefined): unknown {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EADDRINUSE' ? new Failure(`127.0.0.1:${port} is taken by another process. Choose another --port.`) : error
}

function keyHeaders(gateway: EmulatedGateway, key: { readonly secret: string; readonly providerSecret?: string }): string {
  const { credential, providerCredential, project }: Dialect = dialects[gateway]
  const headers = [`${credential.header}: ${credential.prefix}${key.secret}`]
  if (providerCredential !== undefined)
    headers.push(`${providerCredential.header}: ${providerCredential.prefix}${key.providerSecret ?? anyProviderKey}`)
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
