import type { Command } from 'commander';
import { exitCode } from './cli-error.js';
import { needConfig, print, printJson, withFiles, type Common, type Context } from './context.js';
import { clean } from './render/paint.js';

/** `ekimi notify test [CHANNEL]`: does a message really arrive? */
export function addNotifyCommand(program: Command, context: Context): void {
  const notify = program.command('notify').description('the channels by which persons are told');
  withFiles(notify.command('test'))
    .description('send a message of test to a channel, or to all; says what each answered')
    .argument('[channel]', 'as `notifications` calls it')
    .action(async (channel: string | undefined, options: Common) => {
      const rows = await context.backend.notifyTest({ ...needConfig(context, options), channel: channel ?? null });
      if (options.json === true) printJson(context, rows);
      else
        print(
          context,
          rows
            .map(({ ok, kind, channel: name, detail }) => clean(`${ok ? 'ok  ' : 'FAIL'} ${kind} ${name}: ${detail}`))
            .join('\n'),
        );
      context.exit = exitCode(rows.every(({ ok }) => ok) ? 'ok' : 'failed');
    });
}
