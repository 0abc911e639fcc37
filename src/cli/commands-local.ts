import type { Command } from 'commander';
import { CliError, exitCode } from './cli-error.js';
import {
  lookOnce,
  needConfig,
  nowOf,
  print,
  printJson,
  styleOf,
  withCommon,
  type Common,
  type Context,
} from './context.js';
import { checkFailed } from './render/check-failed.js';
import { toJson } from '../model/json.js';

const whole = (name: string, text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  throw new CliError('usage', 'bad-number', `${name} is ${JSON.stringify(text)}`, 'Write a whole number.');
};

/** Commands that bring their own eyes: they need a configuration, not a daemon. */
export function addLocalCommands(program: Command, context: Context): void {
  withCommon(program.command('run'))
    .description('the daemon: watch, decide, act within the policy')
    .action(async (options: Common) => {
      context.exit = await context.backend.run({ ...needConfig(context, options), stop: context.io.stop });
    });

  withCommon(program.command('demo'))
    .description('the daemon on a simulated cluster that gets into trouble; needs no configuration')
    .option('--seed <N>', 'another number, another story', '1')
    .option('--port <N>', 'of the dashboard; 0: any', '8471')
    .option('--speed <N>', 'simulated seconds per second', '1')
    .action((options: Common & { seed: string; port: string; speed: string }) => demo(context, options));

  withCommon(program.command('check'))
    .description('look once and answer as a monitoring plugin: exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN')
    .action((options: Common) => check(context, options));

  withCommon(program.command('plan'))
    .description('look once and print what it would do now, request by request; sends nothing')
    .action(async (options: Common) => {
      const snapshots = await lookOnce(context, options, 'plan');
      const { renderPlan } = await import('./render/plan.js');
      if (options.json === true)
        printJson(
          context,
          snapshots.map(({ scope, policy, decisions }) => ({ scope, mode: policy.mode, decisions })),
        );
      else print(context, snapshots.map((snapshot) => renderPlan(snapshot, styleOf(context))).join('\n\n'));
    });

  withCommon(program.command('doctor'))
    .description('can each channel and each actuator really be used? what is off, and what does that disable')
    .action(async (options: Common) => {
      const rows = await context.backend.doctor(needConfig(context, options));
      const { doctorFails, renderDoctor } = await import('./render/doctor.js');
      if (options.json === true) printJson(context, rows);
      else print(context, renderDoctor(rows, styleOf(context)));
      context.exit = doctorFails(rows) ? exitCode('failed') : exitCode('ok');
    });

  const config = program.command('config').description('the two files');
  withCommon(config.command('check'))
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

async function demo(context: Context, options: Common & { seed: string; port: string; speed: string }): Promise<void> {
  const { demoHead, demoLine, demoSay } = await import('./render/demo.js');
  let startedAtMs: number | null = null;
  const json = options.json === true;
  const style = styleOf(context);
  context.exit = await context.backend.demo({
    seed: whole('--seed', options.seed),
    port: whole('--port', options.port),
    speed: Math.max(1, whole('--speed', options.speed)),
    stop: context.io.stop,
    onReady: (url) => {
      print(context, json ? toJson({ url }) : demoHead(url, style));
    },
    onSay: (text, atMs) => {
      startedAtMs ??= atMs;
      print(context, json ? toJson({ say: text, atMs }) : demoSay(text, atMs, startedAtMs, style));
    },
    onEntry: (entry) => {
      startedAtMs ??= entry.atMs;
      print(context, json ? toJson(entry) : demoLine(entry, startedAtMs, style));
    },
    onEnd: () => {
      if (!json) print(context, '\nThe tour is over. The cluster goes on; end with Ctrl-C.');
    },
  });
}
