import { type Command, InvalidArgumentError, Option } from 'commander'
import { configOption, jsonOption } from './command-options.js'

/** Makes the action of a command, whose code is loaded only when the command is called. */
export type Run = <Args extends unknown[]>(
  load: () => Promise<(...args: Args) => number | Promise<number>>,
) => (...args: Args) => Promise<void>

const ringHelp = `
The ring holds keys that change while Postern runs, sealed in its store (SQLite or PostgreSQL):
  keyRing: { masterKeys: [{ id: k1, secret: { env: POSTERN_MASTER_KEY } }] }
Whatever is done here is in use in every process within a second. A secret is asked for, or read from stdin, a variable or a
file; it is never printed.

  postern keys add acme --gateway main --team acme
  postern keys bind acme --user u_7 --project labs
  postern keys import tenants.csv        alias,gateway,secret,provider_secret,gateway_project,currency,shared,user,team,project,
                                         service,workflow
  postern keys rotate acme               says what comes next, stage by stage`

/** Adds `postern keys …`. */
export function addKeyCommands(program: Command, run: Run): void {
  const keys = program
    .command('keys')
    .description('gateway keys: list, add, bind, import, rotate, reseal, retire')
    .addHelpText('after', ringHelp)
  const command = (name: string, description: string): Command =>
    keys.command(name).description(description).addOption(configOption()).addOption(jsonOption())
  const principal = (to: Command): Command =>
    to
      .option('--user <name>', 'the user who uses it')
      .option('--team <name>', 'the team whose callers use it')
      .option('--project <name>', 'the project whose callers use it')
      .option('--service <label>', 'the service caller who uses it, by its label in the ring of callers')
      .option('--workflow <pattern>', 'the workflow whose sessions use it: an id, or the beginning of ids and *, such as "nightly-*"')
  const secrets = (to: Command): Command =>
    to
      .addOption(new Option('--secret-env <name>', 'read the secret from this variable').conflicts('secretFile'))
      .option('--secret-file <file>', 'or from this file')
      .addOption(new Option('--provider-env <name>', 'read Mintoken’s second key from this variable').conflicts('providerFile'))
      .option('--provider-file <file>', 'or from this file')

  command('list', 'the keys of the configuration and of the ring, and who uses them; never a secret')
    .option('--after <alias>', 'go on behind this key of the ring')
    .addOption(new Option('--most <number>', 'how many of the ring').default(100).argParser(parseCount))
    .action(run(async () => (await import('./commands/keys.js')).listKeys))
  secrets(principal(command('add', 'add a key to the ring')))
    .argument('<alias>', 'its name')
    .requiredOption('--gateway <name>', 'the gateway of the configuration that it is for')
    .option('--gateway-project <id>', 'the project at a Free AI gateway')
    .option('--currency <unit>', 'what its account is debited in')
    .option('--shared', 'several tenants may use what is stored under it')
    .action(run(async () => (await import('./commands/keys.js')).addKey))
  principal(command('bind', 'have callers use a key of the ring'))
    .argument('<alias>', 'the key')
    .action(run(async () => (await import('./commands/keys.js')).bindKey))
  principal(command('unbind', 'take its key of the ring from callers')).action(
    run(async () => (await import('./commands/keys.js')).unbindKey),
  )
  command('import', 'add the keys of a file (.csv or .jsonl), all of them or none')
    .argument('<file>', 'the file')
    .action(run(async () => (await import('./commands/keys.js')).importKeys))
  secrets(
    command('rotate', 'replace the secret of a key of the ring, stage by stage; without an option: how far it is, and what comes next'),
  )
    .argument('<alias>', 'the key')
    .option('--take', 'take the new secret; no call uses it yet')
    .option('--validate', 'make a real call with it, under a request id that is shown')
    .addOption(new Option('--share <percent>', 'have so many of a hundred callers use it').argParser(parseShare))
    .option('--confirm', 'say that the gateway’s own logs show its calls')
    .option('--promote', 'have every caller use it')
    .option('--retire', 'forget the old one, which is disabled at the gateway')
    .addOption(
      new Option('--watch <seconds>', 'watch how often each secret is sent; ends with 1 if the old one is').argParser(parseSeconds),
    )
    .option('--yes', 'say yes to what is asked')
    .option('--model <name>', 'with --validate: ask this model for a short answer')
    .option('--budget <amount>', 'with --take: what its policy at the gateway is, to compare with the one before')
    .option('--tier <name>', 'the same for its tier')
    .option('--models <names>', 'and its models, with commas')
    .option('--addresses <networks>', 'and the addresses that may use it')
    .option('--laxer', 'take it although it may do more')
    .action(run(async () => (await import('./commands/rotate.js')).rotateKey))
  command('rollback', 'end a rotation, and go back to the secret from before it')
    .argument('<alias>', 'the key')
    .action(run(async () => (await import('./commands/rotate.js')).rollBackKey))
  command('revoke', 'have no process send the secret of a key that has leaked')
    .argument('<alias>', 'the key')
    .option('--leaked', 'it has leaked')
    .action(run(async () => (await import('./commands/rotate.js')).revokeKey))
  command('reseal', 'seal the whole ring anew under the first master key, so that the others can be taken out').action(
    run(async () => (await import('./commands/reseal.js')).resealKeys),
  )
  command('retire', 'remove a key that nobody uses from the ring')
    .argument('<alias>', 'the key')
    .action(run(async () => (await import('./commands/keys.js')).retireKey))
}

function parseShare(text: string): number {
  const share = Number(text)
  if (text.trim() === '' || !Number.isInteger(share) || share < 0 || share > 100)
    throw new InvalidArgumentError('It is a whole number from 0 to 100.')
  return share
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 86_400)
    throw new InvalidArgumentError('It is a whole number of seconds from 1 to 86400.')
  return seconds
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 10_000) throw new InvalidArgumentError('It is a whole number from 1 to 10000.')
  return count
}
