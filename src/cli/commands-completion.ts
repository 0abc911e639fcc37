import type { Command } from 'commander';
import type { Shell } from './completion.js';
import { needConfig, print, type Common, type Context } from './context.js';

export function addCompletionCommand(program: Command, context: Context): void {
  program
    .command('completion')
    .description('a script that completes commands, options and names: source <(ekimi completion bash)')
    .addArgument(program.createArgument('<shell>', 'whose').choices(['bash', 'zsh', 'fish']))
    .option('--config <FILE>', 'whose members are offered (EKIMI_CONFIG; else those of the usual places; else none)')
    .action(async (shell: Shell, options: Common) => {
      const [{ completionScript }, members] = await Promise.all([
        import('./completion.js'),
        membersIn(context, options),
      ]);
      print(context, completionScript(program, shell, members));
    });
}

/** Without a configuration that can be read no member is offered; a file that was named must be there. */
async function membersIn(context: Context, options: Common): Promise<readonly string[]> {
  if (options.config !== undefined) needConfig(context, options);
  try {
    const { clusters } = await context.backend.addresses(needConfig(context, options));
    return [...new Set(clusters.flatMap(({ members }) => members))];
  } catch {
    return [];
  }
}
