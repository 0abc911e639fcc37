import { CliError } from '../cli-error.js';

export const badConfig = (errors: readonly string[]): CliError =>
  new CliError(
    'config',
    'bad-config',
    errors.join('\n'),
    'Mend the lines above; `ekimi config check` shows them again.',
  );
