import { dialectIds } from '@postern/gateways'
import { type Command, Option } from 'commander'
import { jsonOption, portOption } from '../command-options.js'

/** Adds the options of `postern init`. The code of the command is loaded when the command is called. */
export function addInitOptions(command: Command): Command {
  return command
    .description('write a first configuration with its secrets; asks at a terminal for what the options do not say')
    .addOption(new Option('-g, --gateway <dialect>', 'the gateway').choices([...dialectIds]).conflicts('dialect'))
    .addOption(new Option('-d, --dialect <dialect>', 'the same').choices([...dialectIds]))
    .addOption(new Option('--base-url <url>', 'where its API is, /v1 included; the dialect’s own otherwise').conflicts('emulated'))
    .option('--team <name>', 'the team that the gateway key is for; main otherwise')
    .addOption(new Option('--callers <way>', 'how callers prove who they are; service otherwise').choices(['service', 'session', 'cookie']))
    .option('--cookie-owner <url>', 'for cookie: where your backend says whose a cookie is; http://127.0.0.1:3000/api/me otherwise')
    .option('--emulated', 'no account: the gateway is one that "postern emulate" runs on this machine')
    .addOption(portOption('the port to listen on').default(8787))
    .option('--dir <folder>', 'where to write', '.')
    .option('--force', 'replace what is there already; other variables of .env stay')
    .option('-y, --yes', 'ask nothing, also at a terminal')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nWrites postern.yaml and .env (mode 0600). service: servers and agents, with a credential that is printed once. session: pages, with\nsessions that your backend mints. cookie: pages, with the cookie of your backend, which Postern asks whose it is.\nThen write your gateway key into .env.',
    )
}
