import type { Command } from 'commander'
import { adminPortOption, adminSocketOption, configOption, portOption } from './command-options.js'
import type { Run } from './keys-program.js'

const consoleHelp = `
Prints a link that is good once, for a minute; Enter prints another one. The page asks this command, and this command asks the
admin listener of the running sidecar, with POSTERN_ADMIN_CREDENTIAL, from the environment or .env beside the configuration, or
with admin.secret. The role "read" shows everything but the key ring; ending sessions, retiring keys and reload need "sessions",
"keys" and "config".`

/** Adds `postern console`. */
export function addConsoleCommand(program: Command, run: Run): void {
  program
    .command('console')
    .description('the operator’s pages in a browser of this machine, for as long as the command runs')
    .addOption(configOption())
    .addOption(adminSocketOption('adminPort'))
    .addOption(adminPortOption('--admin-port <number>'))
    .addOption(portOption('the console’s own port on 127.0.0.1; 0 takes a free one').default(0))
    .addHelpText('after', consoleHelp)
    .action(run(async () => (await import('./commands/console.js')).openConsole))
}
