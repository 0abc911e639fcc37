import type { ProblemCode } from '../model/problem.js';
import { STAGED_NAMES, STAGED_ROWS } from '../model/procedure-run.js';

/** The commands that answer a problem by a procedure of several stages, as a person types them. */
export const commandsFor = ({ code, subject }: { readonly code: ProblemCode; readonly subject: string }): string[] =>
  STAGED_NAMES.flatMap((name) =>
    (STAGED_ROWS[name].for ?? [])
      .filter((row) => row.code === code)
      .map(({ member }) => `ekimi run-procedure ${name}${member ? ` ${subject}` : ''} --plan (then --reason TEXT)`),
  );
