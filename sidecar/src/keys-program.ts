import { type Command, InvalidArgumentError, Option } from 'commander'

/** Adds a command whose code is loaded only when it is called. */
export type Run = <Args extends unknown[]>(
  load: () => Promise<(...args: Args) => number | Promise<number>>,
) => (...args: Args) => Promise<void>

const configOption = (): Option => new Option('-c, --config <file>', 'the configuration, YAML or JSON').default('postern.yaml')
const jsonOption = (): Option => new Option('--json', 'print data for a program')

const ringHelp = `
The ring holds keys that change while Postern runs, sealed in its store (SQLite or PostgreSQL):
  keyRing: { masterKeys: [{ id: k1, secret: { env: POSTERN_MASTER_KEY } }] }
Whatever is done here is in use in every process within a second. A secret is asked for, or read from stdin, a variable or a
file; it is never printed.

  postern keys add acme --gateway main --team acme
  postern keys bind acme --user u_7 --project labs
  postern keys import tenants.csv        alias,gateway,secret,provider_secret,gateway_project,currency,shared,user,team,project
  postern keys rotate acme               says what comes next, stage by stage`

/** Adds `postern keys …`. */
export function addKeyCommands(program: Command, run: Run): void {
  const keys = program.command('keys').description('gateway keys: list, add, bind, import, rotate, retire').addHelpText('after', ringHelp)
  const command = (name: string, description: string): Command =>
    keys.command(name).description(description).addOption(configOption()).addOption(jsonOption())
  const principal = (to: Command): Command =>
    to
      .option('--user <name>', 'the user who uses it')
      .option('--team <name>', 'the team whose callers use it')
      .option('--project <name>', 'the project whose callers use it')

  command('list', 'the keys of the configuration and of the ring, and who uses them; never a secret')
    .option('--after <alias>', 'go on behind this key of the ring')
    .addOption(new Option('--most <number>', 'how many of the ring').default(100).argParser(parseCount))
    .action(run(async () => (await import('./commands/keys.js')).listKeys))
  principal(command('add', 'add a key to the ring'))
    .argument('<alias>', 'its name')
    .requiredOption('--gateway <name>', 'the gateway of the configuration that it is for')
    .option('--gateway-project <id>', 'the project at a Free AI gateway')
    .option('--currency <unit>', 'what its account is debited in')
    .option('--shared', 'several tenants may use what is stored under it')
    .addOption(new Option('--secret-env <name>', 'read the secret from this variable').conflicts('secretFile'))
    .option('--secret-file <file>', 'read the secret from this file')
    .addOption(new Option('--provider-env <name>', 'read Mintoken’s second key from this variable').conflicts('providerFile'))
    .option('--provider-file <file>', 'or from this file')
    .action(run(async () => (await import('./commands/keys.js')).addKey))
  principal(command('bind', 'have callers use a key of the ring'))
    .argument('<alias>', 'the key')
    .action(run(async () => (await import('./commands/keys.js')).bindKey))
  principal(command('unbind', 'take its key of the ring from a user, team or project')).action(
    run(async () => (await import('./commands/keys.js')).unbindKey),
  )
  command('import', 'add the keys of a file (.csv or .jsonl), all of them or none')
    .argument('<file>', 'the file')
    .action(run(async () => (await import('./commands/keys.js')).importKeys))
  command('retire', 'remove a key that nobody uses from the ring')
    .argument('<alias>', 'the key')
    .action(run(async () => (await import('./commands/keys.js')).retireKey))
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 10_000) throw new InvalidArgumentError('It is a whole number from 1 to 10000.')
  return count
}
