import type { Command } from 'commander';
import { print, printJson, type Context } from './context.js';

/** Nobody guesses it, so that its digest opens nothing. */
const TOKEN_BYTES = 32;

/** `ekimi token`: a fresh token, and the line of ekimi.yaml that lets it in. Nothing is kept. */
export function addTokenCommand(program: Command, context: Context): void {
  program
    .command('token')
    .description('print a fresh token of the API, and its digest for api.tokens of ekimi.yaml; keeps nothing')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: true }) => {
      const [{ randomBytes }, { sha256Of }] = await Promise.all([import('node:crypto'), import('../config/hash.js')]);
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const sha256 = sha256Of(token);
      if (options.json === true) printJson(context, { token, sha256 });
      else
        print(
          context,
          `token (for the person; shown this once): ${token}\nin api.tokens of ekimi.yaml: - { name: NAME, role: operator, tokenSha256: ${sha256} }`,
        );
    });
}
