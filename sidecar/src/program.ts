import { dialectIds } from '@postern/gateways'
import { EMULATED_GATEWAYS } from '@postern/emulator/gateways'
import { Command, Option } from 'commander'
import { adminPortOption, adminSocketOption, configOption, jsonOption, portOption } from './command-options.js'
import { addConsoleCommand } from './console-program.js'
import { takeHangUps } from './hang-ups.js'
import { addAuditCommands } from './audit-program.js'
import { addKeyCommands } from './keys-program.js'
import { addInitOptions } from './init/init-command.js'
import { addUsageCommands } from './usage-program.js'

/** Builds the command line. `finish` receives the exit code of the command that ran. */
export function createProgram(version: string, finish: (code: number) => void): Command {
  const program = new Command('postern')
    .description('The private side door to an AI gateway: verifies who calls, adds the gateway key, passes the answer on.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(--help shows how it is used)')
    .addHelpText('after', '\nStart with "postern demo": it needs no account and no configuration.')

  /** Imports a command only when it is called, and nothing that only others need. Its result becomes the exit code. */
  const run =
    <Args extends unknown[]>(load: () => Promise<(...args: Args) => number | Promise<number>>) =>
    async (...args: Args): Promise<void> => {
      const command = await load()
      finish(await command(...args))
    }

  program
    .command('start')
    .description('run the sidecar')
    .addOption(configOption())
    .addHelpText(
      'after',
      '\nReads .env beside the configuration. Logs are JSON lines on stdout. SIGTERM and Ctrl-C let running streams end.\nSIGHUP has the configuration read again, as "postern reload" does.',
    )
    .action(
      run(async () => {
        const hangUps = takeHangUps()
        const { start } = await import('./commands/start.js')
        return (options: { readonly config: string }) => start(hangUps, options).finally(() => hangUps.release())
      }),
    )

  program.command('worker', { hidden: true }).action(run(async () => (await import('./commands/worker.js')).worker))

  program
    .command('demo')
    .description('the whole thing with no account: an emulated gateway, the sidecar and a chat page')
    .addOption(new Option('-d, --dialect <name>', 'the gateway to emulate').choices([...EMULATED_GATEWAYS]).default('joytoken'))
    .addOption(portOption('the port to listen on; 0 takes a free one').default(8787))
    .action(run(async () => (await import('./commands/demo.js')).demo))

  addInitOptions(program.command('init')).action(run(async () => (await import('./commands/init.js')).init))

  program
    .command('check')
    .description('validate the configuration; prints every problem at once')
    .addOption(configOption())
    .option(
      '--online',
      'also ask the store, each source of a key, and each gateway with each key, by a call that costs nothing; and the key ring',
    )
    .addOption(new Option('--key <alias>', 'with --online: try this key alone; may stand several times').argParser(collect))
    .addOption(jsonOption())
    .action(run(async () => (await import('./commands/check.js')).check))

  program
    .command('explain')
    .description('dry run: which key, which rule chose it, which limits apply, what would be refused and why')
    .addOption(configOption())
    .option('--user <name>', 'the caller as a user')
    .option('--team <name>', 'the caller’s team')
    .option('--project <name>', 'the caller’s project')
    .option('--model <name>', 'the model asked for')
    .option('--service <label>', 'the service caller, by its label; with --user, --team or --project it calls for them')
    .option('--workflow <id>', 'the workflow that the call is of')
    .option('--step <name>', 'its step')
    .option('--path <path>', 'the path asked for', '/v1/chat/completions')
    .option('--method <method>', 'the method', 'POST')
    .addOption(jsonOption())
    .action(run(async () => (await import('./commands/explain.js')).explain))

  addKeyCommands(program, run)

  const callers = program
    .command('callers')
    .description('the hash ring of server-side callers')
    .addHelpText(
      'after',
      '\nThe ring is the one that callers.service.hashes names. With --manifest it is that of a Free AI Gateway: the\nmanifest which its own helper keeps, and "postern callers print" gives the text of GATEWAY_API_KEY_HASHES.',
    )
  const manifestOption = (): Option => new Option('-m, --manifest <file>', 'a manifest of hashes in place of the configuration’s ring')
  callers
    .command('list')
    .description('who may call from a server')
    .addOption(configOption())
    .addOption(manifestOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('./commands/callers.js')).listCallers))
  callers
    .command('add')
    .description('make a credential; it is printed once, and only its hash goes into the ring')
    .argument('<label>', 'the caller’s name')
    .option('--sha256 <hash>', 'the hash of a credential that exists already, in place of a fresh one')
    .addOption(configOption())
    .addOption(manifestOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('./commands/callers.js')).addCaller))
  callers
    .command('rotate')
    .description('give a caller another credential, printed once; the former one counts for a while and then ends by itself')
    .argument('<label>', 'the caller’s name')
    .option('--grace <time>', 'how long the former credential counts, such as 30m, 12h or 7d; 0s ends it now', '1d')
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nDuring that time the ring has both: the former one as <label>@<its end>. Log lines of calls that still come with it\nhave "former_credential": true. A ring of a Free AI Gateway knows no such time: there, add a caller under another\nlabel, and remove the first one.',
    )
    .action(run(async () => (await import('./commands/callers.js')).rotateCaller))
  callers
    .command('remove')
    .description('take a caller out of the ring')
    .argument('<label>', 'the caller’s name, or <label>@<its end> for a former credential alone')
    .addOption(configOption())
    .addOption(manifestOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('./commands/callers.js')).removeCaller))
  callers
    .command('print')
    .description('the ring as the text that GATEWAY_API_KEY_HASHES takes')
    .addOption(configOption())
    .addOption(manifestOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('./commands/callers.js')).printCallers))

  const session = program.command('session').description('session tokens')
  session
    .command('mint')
    .description('make a session token, for backends in any language and for trying things out')
    .addOption(configOption())
    .option('--user <name>', 'for this user')
    .option('--team <name>', 'for this team')
    .option('--project <name>', 'for this project')
    .option('--origin <origin>', 'good for pages of this origin only')
    .option('--models <names>', 'good for these models only, with commas; * stands for any characters')
    .option('--endpoints <paths>', 'good for these endpoints only, with commas; * stands for any characters')
    .option('--max-tokens <number>', 'its requests may ask for so many tokens each')
    .option('--max-calls <number>', 'good for so many calls')
    .option('--max-spend <amount>', 'good for calls that cost so much together, such as "2 USD"')
    .option('--jkt <thumbprint>', 'bound to a key: the SHA-256 thumbprint of its public half (RFC 7638), base64url')
    .option('--ext <json>', 'what your application wants to find in the token: any JSON of at most 4096 bytes; Postern reads nothing of it')
    .option('--workflow <id>', 'its calls belong to this workflow, whatever their headers say')
    .option('--ttl <time>', 'lifetime such as 30s, 10m or 2h, or in seconds; the configuration’s callers.session.ttl otherwise')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nSigns with callers.session.secret, or the first of callers.session.secrets; works without the running process.\nPrograms without that secret: POST /admin/v1/sessions at the admin listener, with "Authorization: Bearer" and\nadmin.secret or a credential of admin.credentials with the role sessions.',
    )
    .action(run(async () => (await import('./commands/session.js')).mintSession))
  session
    .command('revoke')
    .description('end session tokens before their time, in every process within a second')
    .addOption(configOption())
    .option('--id <id>', 'this token; "session mint --json" and the ledger name it')
    .option('--user <name>', 'every token that this user has now')
    .option('--team <name>', 'every token that this team has now')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nWrites into the store; works without the running process. Other programs: POST /admin/v1/revocations at the\nadmin listener, with "Authorization: Bearer" and admin.secret or a credential of admin.credentials with the role sessions.',
    )
    .action(run(async () => (await import('./commands/revoke.js')).revokeSessions))

  program
    .command('reload')
    .description('have the running sidecar read its configuration again, all of it or nothing; says what changed')
    .addOption(configOption())
    .addOption(adminSocketOption())
    .addOption(adminPortOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nAsks at admin.socket or admin.port, and reads nothing else of the file: the sidecar checks it. SIGHUP does the same. Running streams end under the configuration that they\nbegan with. What cannot change while it runs (listeners, store, replicas) is refused by name, and nothing is taken.\nPresents admin.secret; or, where POSTERN_ADMIN_CREDENTIAL is set (here or in .env), that credential, which needs the role config.',
    )
    .action(run(async () => (await import('./commands/reload.js')).reload))

  addUsageCommands(program, run)

  const prices = program.command('prices').description('what calls cost, by the file that limits.prices names')
  prices
    .command('check')
    .description('print the price file, and what it leaves without a price')
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nEnds with 1 if the file cannot be used, or if something has no price: a gateway that a key leads to, a key in the unit that it is\ndebited in, or a model that policies or limits name. Also says which entries no call meets, which are hidden by more specific\nones, and which markups are for no key. Reads no secrets and asks nobody.\n\nA file:  version: "2026-11"\n         prices:\n           - { model: openai/gpt-4o, unit: USD, perMillion: { input: 2.5, output: 10, cached: 1.25 }, maxOutput: 16384 }',
    )
    .action(run(async () => (await import('./commands/prices.js')).checkPrices))

  addAuditCommands(program, run)

  program
    .command('health')
    .description('ask the running sidecar whether it is ready, for exec probes: ends with 0 if it is, with 1 if not')
    .addOption(configOption())
    .addOption(adminSocketOption())
    .addOption(adminPortOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nAsks GET /readyz at admin.socket or admin.port, which needs no credential, and prints one line.')
    .action(run(async () => (await import('./commands/health.js')).health))

  addConsoleCommand(program, run)

  program
    .command('emulate')
    .description('one emulated gateway alone, for your own tests')
    .argument('<dialect>', EMULATED_GATEWAYS.join(', '))
    .addOption(portOption('the port to listen on; a free one otherwise'))
    .addOption(
      new Option('-k, --key <name=value>', 'a key that it takes, of the form of its keys; may stand several times. A fresh key otherwise')
        .argParser(collect)
        .conflicts('cases'),
    )
    .option('--cases', 'list how it is made to fail, and end')
    .addOption(jsonOption())
    .addHelpText('after', `\nDialects that Postern speaks: ${dialectIds.join(', ')}.`)
    .action(run(async () => (await import('./commands/emulate.js')).emulate))

  return program
}

/** Collects the values of an option that may stand several times. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
