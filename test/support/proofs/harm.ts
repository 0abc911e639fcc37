import { body, problem, row, text, type Part } from './part.js';

const COPY_PROOF = 'src/assess/copy-proof.ts';
const ROTATION = 'src/assess/rotation.ts';

/** What makes things worse: kinds W and F. */
export const HARM: Readonly<Record<string, readonly Part[]>> = {
  W1: [
    problem('disk-full'),
    problem('copy-fails'),
    row(COPY_PROOF, 'noSender'),
    row(COPY_PROOF, 'noRoomHere'),
    row(COPY_PROOF, 'noRoomThere'),
    body('src/assess/room.ts', 'whyNoRoom', 'null'),
    body(COPY_PROOF, 'whyUnsureOfRoom', 'null'),
    body('src/assess/copies.ts', 'failedCopy', 'null'),
    body('src/actions/reinitialize.ts', 'failedBefore', 'null'),
    row('src/assess/log-signs.ts', 'no-room'),
    text(
      'src/assess/copy-fault.ts',
      "if (other !== null) return { kind: 'other', text: quoted(member, other) };\n  const proven",
      'const proven',
    ),
    body('src/adapters/hosts/df.ts', 'diskFrom', 'null'),
  ],
  W2: [
    body('src/observe/misplaced.ts', 'withoutMisplaced', 'members'),
    body('src/observe/misplaced.ts', 'streamsAs', 'null'),
    body('src/observe/misplaced.ts', 'startedAs', 'null'),
    body('src/observe/addresses.ts', 'checkAddresses', '[]'),
    body('src/adapters/names/names.ts', 'addressesOf', 'null'),
    body('src/app/doctor-addresses.ts', 'addressRow', "{ check, verdict: 'off', detail: '', disables: [] }"),
  ],
  W3: [
    body(
      'src/adapters/etcd/our-path.ts',
      'ourPaths',
      '{ base: pathOf(ekimiNamespace, scope), old: null }',
      '`/ekimi/SCOPE/` whatever the namespace',
    ),
    text(
      'src/kernel/books.ts',
      'else if (theirs !== ours)',
      'else if (theirs === "")',
      'a ledger was taken for ours, whoever had written it',
    ),
    text(
      'src/kernel/books.ts',
      "if (theirs === undefined) await books.note({ kind: 'cluster-known', systemIdentifier: ours });\n  else ",
      '',
    ),
    body('src/adapters/etcd/old-path.ts', 'readOldPath', '{ ok: true, value: NOTHING, revision: "0" } as never'),
  ],
  W4: [
    text(ROTATION, 'weight !== 0 && ', '', 'a weight was not looked at'),
    text(ROTATION, ' && !GIVEN_NOTHING.test(status)', '', 'what an agent says was not looked at'),
    text(
      ROTATION,
      'const active = others.filter((row) => row.backup !== true);',
      'const active = others;',
      'a backup counted as a reader',
    ),
    text(ROTATION, '!admin.drain && !admin.maint && ', '', 'the floor counted what was up'),
    body(ROTATION, 'isHeldOut', 'false'),
    row('src/adapters/haproxy/servers.ts', 'backup'),
    text('src/adapters/haproxy/servers.ts', 'operational === STOPPING ? 0 : ', '', 'a soft stop counted as running'),
  ],
  F1: [
    body('src/observe/patience.ts', 'patienceOf', '3_000', 'a pass waited for the slowest call'),
    text(
      'src/observe/patience.ts',
      'if (line.open !== null && !question.anew) return meanwhile(line, question, late);',
      '',
      'each pass asked who hangs anew',
    ),
    body('src/observe/pass.ts', 'patienceOf', '3_000', 'the look before a request waited for all'),
  ],
  F4: [
    text(
      'src/decide/limit-gates.ts',
      'if (action.answersDeath === true) return false;',
      '',
      'a cool-down of the class held the next death',
    ),
    body('src/decide/limit-gates.ts', 'deathsInARow', 'null'),
    text(
      'src/decide/limit-gates.ts',
      'const isApart = action.bringsForward === true;',
      'const isApart = false;',
      'the breaker held it as all else',
    ),
  ],
};
