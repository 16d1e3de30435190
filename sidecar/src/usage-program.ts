import { type Command, Option } from 'commander'
import { configOption, jsonOption } from './command-options.js'
import type { Run } from './keys-program.js'

const usageHelp = `
Needs  ledger: { keep: 90d }  in the configuration; works beside the running process, and without it. Costs are what
gateways reported, exactly, a column for each unit: amounts of different units are never added.

  postern usage                                 the last seven days and today, by team and model
  postern usage --since 2026-11-01 --until 2026-12-01 --by team,day
  postern usage --team acme --by user,model --since 24h
  postern usage --by model --csv > november.csv
  postern usage workflow onboarding-42          one run, step by step`

/** Adds `postern usage …`. */
export function addUsageCommands(program: Command, run: Run): void {
  const ledgerFileOption = (): Option => new Option('--file <file>', 'the file of a ledger, in place of the configuration’s ledger')
  const usage = program
    .command('usage')
    .description('who spent what: calls, tokens and costs, from the ledger')
    .addOption(configOption())
    .addOption(ledgerFileOption())
    .option('--since <time>', 'from when: 12h, 7d (whole days in UTC), 2026-11-01 or 2026-11-01T12:00Z', '7d')
    .option('--until <time>', 'until when, not included; until now otherwise')
    .option(
      '--by <fields>',
      'a row for each: user, team, project, key, gateway, model, workflow, step, code, day, with commas',
      'team,model',
    )
    .option('--user <name>', "only calls of this user; '' for calls without one, as with the others")
    .option('--team <name>', 'only of this team')
    .option('--project <name>', 'only of this project')
    .option('--key <alias>', 'only with this gateway key')
    .option('--gateway <name>', 'only at this gateway')
    .option('--model <name>', 'only of this model')
    .option('--workflow <id>', 'only of this workflow')
    .option('--step <name>', 'only of this step')
    .option('--code <code>', 'only with this error code, such as rate_limited')
    .addOption(jsonOption().conflicts('csv'))
    .option('--csv', 'print CSV for a spreadsheet')
    .addHelpText('after', usageHelp)
    .action(run(async () => (await import('./commands/usage.js')).usage))
  usage
    .command('workflow')
    .description('draw a run as a tree: its steps with cost and time; the slowest is marked')
    .argument('<id>', 'the workflow')
    .addOption(configOption())
    .addOption(ledgerFileOption())
    .addOption(jsonOption())
    .action(
      run(async () => {
        const { usageOfWorkflow } = await import('./commands/usage.js')
        // The options that both commands have are taken by the one above.
        return (id: string, _: unknown, command: Command) => usageOfWorkflow(id, command.optsWithGlobals())
      }),
    )
}
