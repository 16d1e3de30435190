import { relative, resolve } from 'node:path'
import { choose, type InitOptions } from '../init/choose.js'
import { makeSecrets } from '../init/make-secrets.js'
import { type NextCommands, nextCommands } from '../init/next-commands.js'
import { ownCommand } from '../init/own-command.js'
import { openQuestions } from '../init/questions.js'
import { configurationName, writeFiles } from '../init/write-files.js'
import { print, printJson } from '../print.js'

export interface InitCommandOptions extends InitOptions {
  readonly dir: string
  readonly force?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

/** Writes a first configuration with its secrets, and says what to do next. */
export async function init(options: InitCommandOptions): Promise<number> {
  const { dir, force = false, yes = false, json = false } = options
  const asks = !yes && !json && process.stdin.isTTY && process.stdout.isTTY
  const questions = asks ? openQuestions(process.stdin, process.stdout) : undefined
  const choices = await choose(options, questions).finally(() => questions?.close())
  const directory = resolve(dir)
  const secrets = makeSecrets(choices)
  const files = writeFiles(directory, choices, secrets, force)
  const config = relative(process.cwd(), resolve(directory, configurationName))
  const next = nextCommands(ownCommand(), config === configurationName ? undefined : config, choices, secrets)
  if (json) printJson({ files, credential: secrets.credential ?? null, fill_in: secrets.fillIn, next: nextInOrder(next) })
  else {
    print(`Written: ${files.map((file) => relative(process.cwd(), file)).join(', ')}. Keep .env out of version control.`)
    if (secrets.credential !== undefined) print(`\nCredential of "app", shown this once:\n\n  ${secrets.credential}`)
    if (secrets.fillIn.length > 0)
      print(`\nWrite your gateway key into .env, as ${secrets.fillIn.map((name) => `${name}=…`).join(' and ')}. Then:`)
    else print('\nThen:')
    print(`\n${nextInOrder(next).join('\n')}`)
    print(`\n${next.emulate === undefined ? '"start" runs' : '"emulate" and "start" run'} until Ctrl-C; call from another terminal.`)
  }
  return 0
}

function nextInOrder({ emulate, check, start, curl }: NextCommands): readonly string[] {
  return [...(emulate === undefined ? [] : [emulate]), check, start, curl]
}
