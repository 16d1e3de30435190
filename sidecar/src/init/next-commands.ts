import { USUAL_MODELS } from '@postern/emulator'
import { EMULATED_GATEWAYS } from '@postern/emulator/gateways'
import { type Dialect, dialects } from '@postern/gateways'
import type { InitChoices } from './init-choices.js'
import type { InitSecrets } from './make-secrets.js'
import { quoteForShell } from './own-command.js'

/** What to do after `postern init`, in order. */
export interface NextCommands {
  /** The command that runs the gateway; `undefined`: the gateway is a real one. */
  readonly emulate: string | undefined
  readonly check: string
  readonly start: string
  /** A call. It is answered once `start` runs. */
  readonly curl: string
}

/** A model that any gateway of the dialect `openai` may have. */
const modelOfOthers = 'gpt-4o-mini'

/** @param config The configuration, as `--config` takes it. `undefined`: the default of the commands is right. */
export function nextCommands(command: string, config: string | undefined, choices: InitChoices, secrets: InitSecrets): NextCommands {
  const where = config === undefined ? '' : ` --config ${quoteForShell(config)}`
  const { dialect: id, port, emulated, baseURL, team } = choices
  const gateway = EMULATED_GATEWAYS.find((known) => known === id)
  const key = secrets.made[(dialects[id] as Dialect).keyVariable] ?? ''
  const credential =
    secrets.credential === undefined ? `$(${command} session mint${where} --user me --team ${quoteForShell(team)})` : secrets.credential
  const body = { model: gateway === undefined ? modelOfOthers : USUAL_MODELS[gateway], messages: [{ role: 'user', content: 'Hello' }] }
  return {
    emulate: emulated && baseURL !== undefined ? `${command} emulate ${id} --port ${new URL(baseURL).port} --key main=${key}` : undefined,
    check: `${command} check${where}`,
    start: `${command} start${where}`,
    curl: `curl -i http://127.0.0.1:${port}/ai/v1/chat/completions -H "Authorization: Bearer ${credential}" -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`,
  }
}
