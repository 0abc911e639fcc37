import type { Command } from 'commander';
import type { NamedPolicy } from './backend.js';
import {
  clientOf,
  needConfig,
  print,
  printJson,
  scopesOf,
  styleOf,
  withCommon,
  mustHave,
  type Common,
  type Context,
} from './context.js';

/** `ekimi policy`: what it does alone, what it asks for, what it never does; of a daemon where one is named, else of the files. */
export function addPolicyCommand(program: Command, context: Context): void {
  withCommon(program.command('policy'))
    .description('the policy in force, an action and a procedure a line: alone, asks or never, and what holds it now')
    .action(async (options: Common) => {
      const found = await matrices(context, options);
      if (options.json === true) {
        printJson(context, found);
        return;
      }
      const { renderPolicy } = await import('./render/policy.js');
      print(context, found.map(({ scope, policy }) => renderPolicy(scope, policy, styleOf(context))).join('\n\n'));
      if (!namesDaemon(context, options))
        print(context, 'By the files alone: --url tells also what the switches, breaker and budget of a daemon hold.');
    });
}

const namesDaemon = (context: Context, options: Common): boolean =>
  options.url !== undefined || context.io.env['EKIMI_URL'] !== undefined;

async function matrices(context: Context, options: Common): Promise<readonly NamedPolicy[]> {
  if (!namesDaemon(context, options)) {
    const all = await context.backend.policies(needConfig(context, options));
    return mustHave(
      all.filter(({ scope }) => options.scope === undefined || scope === options.scope),
      options.scope,
      all.map(({ scope }) => scope),
    );
  }
  const client = await clientOf(context, options);
  return Promise.all(
    (await scopesOf(client, options)).map(async (scope) => ({ scope, policy: await client.policy(scope) })),
  );
}
