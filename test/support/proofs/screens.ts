import { body, problem, text, type Part } from './part.js';

const WHOSE = 'src/cli/whose.ts';

/** Truth on every screen: kind O. */
export const SCREENS: Readonly<Record<string, readonly Part[]>> = {
  O4: [body('src/words/headline.ts', 'brakes', '[]')],
  O5: [
    text(
      'src/words/decision.ts',
      "if (decision.blocks.every((block) => block.gate === 'approval'))",
      'if (false)',
      'an approval that waits was called held',
    ),
    text('src/words/decision.ts', 'a person must act on ', 'page a person: ', 'both were a page'),
  ],
  O6: [
    problem('drain-left-over'),
    text(
      'src/api/member-overview.ts',
      'if (leads) return `${own}; reads drained by ekimi, left over`;',
      '',
      'a leader was called drained',
    ),
    text('src/assess/leftovers.ts', ' && drain.by === undefined', ''),
  ],
  O7: [
    body(WHOSE, 'differenceOf', 'null', 'the cluster of another configuration was shown'),
    text(
      WHOSE,
      "if (theirs.some(({ demo }) => demo === true)) return 'it is a demo, which shows a simulated cluster';",
      '',
    ),
    text(WHOSE, 'if (here !== there) return `it watches', 'if (false) return `it watches'),
    text(WHOSE, 'if (seen === undefined || sorted(seen) === sorted(members)) continue;', 'continue;'),
    body('src/api/overview.ts', 'demoOf', '{}', 'the demo looked like a cluster'),
  ],
  O8: [
    text(
      'src/fleet/controller.ts',
      "subject === 'global' && find(scope) !== undefined ? everywhere(sessions, change) : on(scope, change);",
      'on(scope, change);',
      'one cluster was paused',
    ),
  ],
  O10: [
    body('src/actions/rotation-steps.ts', 'readyText', '`${server} is in rotation`', 'what was asked for was told'),
  ],
  O11: [
    text(
      'src/words/amounts.ts',
      'while (amount >= 1024 && unit',
      'while (amount >= 1000 && unit',
      'decimal against binary limits',
    ),
    body('src/words/amounts.ts', 'bytesAgainst', 'bytesText(bytes)'),
  ],
  O12: [
    problem('channels-contradict'),
    body('src/assess/contradiction.ts', 'contradicted', 'null', 'one channel was believed'),
    body('src/assess/contradiction.ts', 'keyAgainst', '[]'),
    body('src/assess/contradiction.ts', 'sendersAgainst', '[]'),
  ],
};
