import type { Command } from 'commander';
import type { Shell } from './completion.js';
import { print, type Context } from './context.js';

export function addCompletionCommand(program: Command, context: Context): void {
  program
    .command('completion')
    .description('a script that completes commands and options: source <(ekimi completion bash)')
    .addArgument(program.createArgument('<shell>', 'whose').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./completion.js');
      print(context, completionScript(program, shell));
    });
}
