// What Ekimi does alone, what it asks for, what it never does, and what holds it now.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Brake, Doing, PolicyMatrix as Matrix, PolicyRow } from '../../words/policy-matrix.js';
import { clusterPath, read, type Picture, problemText } from './connection.js';
import { Count, Nothing, Panel } from './parts.js';
import { momentQuery } from './store.js';

const COLUMNS: readonly (readonly [Doing, string])[] = [
  ['alone', 'alone'],
  ['asks', 'asks'],
  ['never', 'never by itself'],
];

/** Read anew when a policy, a switch, the breaker or the budget has changed. */
export const PolicyMatrix = ({
  picture: { overview, snapshot },
  isPast,
}: {
  readonly picture: Picture;
  readonly isPast: boolean;
}): JSX.Element => {
  const { scope, switches, breaker, budget } = overview;
  const [matrix, setMatrix] = useState<Matrix | string | null>(null);
  const mark = [
    snapshot.policyHash,
    ...switches.map(({ subject }) => subject),
    breaker?.openSinceMs,
    budget.left,
    JSON.stringify(snapshot.windows),
  ].join(' ');
  const time = momentQuery(isPast);
  useEffect(() => {
    let isOver = false;
    read<Matrix>(`${clusterPath(scope)}/policy${time}`).then(
      (next) => {
        if (!isOver) setMatrix(next);
      },
      (error: unknown) => {
        if (!isOver) setMatrix(problemText(error));
      },
    );
    return () => {
      isOver = true;
    };
  }, [scope, mark, time]);
  return (
    <Panel
      id="policy"
      title={isPast ? 'Policy in force then' : 'Policy in force now'}
      note={matrix === null || typeof matrix === 'string' ? '' : `mode ${matrix.mode}`}
    >
      {matrix === null || typeof matrix === 'string' ? (
        <Nothing>{matrix ?? 'Reading it…'}</Nothing>
      ) : (
        <Table matrix={matrix} when={isPast ? 'then' : 'now'} />
      )}
    </Panel>
  );
};

const Table = ({ matrix, when }: { readonly matrix: Matrix; readonly when: string }): JSX.Element => (
  <>
    {matrix.brakes.length > 0 && <Brakes brakes={matrix.brakes} />}
    <div class="scroll" tabIndex={0} role="region" aria-label="Policy by action">
      <table class="policy">
        <thead>
          <tr>
            <th scope="col">action or procedure</th>
            {COLUMNS.map(([doing, text]) => (
              <th key={doing} scope="col">
                {text}
              </th>
            ))}
            <th scope="col">held {when} by</th>
          </tr>
        </thead>
        <tbody>
          {matrix.rows.map((row) => (
            <Row key={`${row.kind}/${row.name}`} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  </>
);

const Row = ({ row }: { readonly row: PolicyRow }): JSX.Element => (
  <tr>
    <th scope="row">
      {row.name}
      {row.kind === 'procedure' && <span class="dim"> procedure</span>}
    </th>
    {COLUMNS.map(([doing]) => (
      <td key={doing} class={doing === row.doing ? `yes ${doing}` : ''}>
        {doing === row.doing && (
          <>
            <span aria-hidden="true">●</span>
            <span class="unseen">yes</span>
          </>
        )}
      </td>
    ))}
    <td class="wrap">{row.brakes.length === 0 ? '' : <Brakes brakes={row.brakes} />}</td>
  </tr>
);

const Brakes = ({ brakes }: { readonly brakes: readonly Brake[] }): JSX.Element => (
  <ul class="brakes">
    {brakes.map(({ text, untilMs }, index) => (
      <li key={index}>
        {text}
        {untilMs !== null && (
          <span class="dim">
            , ends <Count kind="until" ms={untilMs} />
          </span>
        )}
      </li>
    ))}
  </ul>
);
