import type { Command } from 'commander';
import { exitCode } from './cli-error.js';
import {
  lookOnce,
  needConfig,
  nowOf,
  print,
  printJson,
  styleOf,
  withCommon,
  withFiles,
  type Common,
  type Context,
} from './context.js';
import { checkFailed } from './render/check-failed.js';

/** Commands that bring their own eyes: they need a configuration, not a daemon. */
export function addLocalCommands(program: Command, context: Context): void {
  withFiles(program.command('run'))
    .description('the daemon: watch, decide, act within the policy')
    .action(async (options: Common) => {
      context.exit = await context.backend.run({ ...needConfig(context, options), stop: context.io.stop });
    });

  withCommon(program.command('check'))
    .description('look once and answer as a monitoring plugin: exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN')
    .action((options: Common) => check(context, options));

  withCommon(program.command('plan'))
    .description('look once and print what it would do now, request by request; sends nothing')
    .action(async (options: Common) => {
      const snapshots = await lookOnce(context, options, 'plan');
      const [{ renderPlan }, { isNothingRead }] = await Promise.all([
        import('./render/plan.js'),
        import('../assess/unreachable.js'),
      ]);
      // Whoever asks a script for a plan must not take "nothing was seen" for "nothing is due".
      if (snapshots.some(({ view }) => view === null || isNothingRead(view))) context.exit = exitCode('failed');
      if (options.json === true)
        printJson(
          context,
          snapshots.map(({ scope, policy, decisions }) => ({ scope, mode: policy.mode, decisions })),
        );
      else print(context, snapshots.map((snapshot) => renderPlan(snapshot, styleOf(context))).join('\n\n'));
    });

  withFiles(program.command('doctor'))
    .description('can each channel and each actuator really be used? what is off, and what does that disable')
    .action(async (options: Common) => {
      const rows = await context.backend.doctor(needConfig(context, options));
      const { doctorFails, renderDoctor } = await import('./render/doctor.js');
      if (options.json === true) printJson(context, rows);
      else print(context, renderDoctor(rows, styleOf(context)));
      context.exit = doctorFails(rows) ? exitCode('failed') : exitCode('ok');
    });

  const config = program.command('config').description('the two files');
  withFiles(config.command('check'))
    .description('are both files valid? names each fault with its key')
    .action(async (options: Common) => {
      const report = await context.backend.configCheck(needConfig(context, options));
      const { configFails, renderConfigReport } = await import('./render/doctor.js');
      if (options.json === true) printJson(context, report);
      else print(context, renderConfigReport(report, styleOf(context)));
      context.exit = configFails(report) ? exitCode('config') : exitCode('ok');
    });
}

/** Whatever goes wrong, a monitoring system gets one line and a status that it knows. */
async function check(context: Context, options: Common): Promise<void> {
  const result = await lookOnce(context, options, 'check')
    .then(async (snapshots) => (await import('./render/check.js')).checkResult(snapshots, nowOf(context)))
    .catch((cause: unknown) => checkFailed(cause instanceof Error ? cause.message : String(cause)));
  if (options.json === true) printJson(context, result);
  else print(context, result.line);
  context.exit = result.exitCode;
}
