import { type Command, Option } from 'commander'
import { configOption, jsonOption } from './command-options.js'
import type { Run } from './keys-program.js'

/** Adds `postern audit …`. */
export function addAuditCommands(program: Command, run: Run): void {
  const audit = program.command('audit').description('who changed what: reloads, sessions that were minted and ended, keys of the ring')
  const auditFileOption = (): Option => new Option('--file <file>', 'the audit, in place of the configuration’s audit.file')
  audit
    .command('show')
    .description('print the audit')
    .addOption(configOption())
    .addOption(auditFileOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('./commands/audit.js')).showAudit))
  audit
    .command('verify')
    .description('check that no line was changed, added or removed; ends with 1 and the first line that does not fit')
    .addOption(configOption())
    .addOption(auditFileOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nEach line carries the SHA-256 of the line before and, with keyRing.masterKeys, a mark that nobody can make without a master key.\nLines that were cut off at the end are told by the newest digest: that of the log (audit_newest), or one that this printed.',
    )
    .option('--newest <what>', 'a digest that an earlier run printed, or a file of the log: fails if a line is missing that it names')
    .option('--holds <sha256>', 'the same, for a digest')
    .option(
      '--trusted-until <sha256>',
      'lines up to the one with this digest need no mark: they were written before there were master keys',
    )
    .action(run(async () => (await import('./commands/audit.js')).verify))
}
