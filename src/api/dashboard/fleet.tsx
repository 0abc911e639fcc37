// All clusters at a glance, worst first.
import type { JSX } from 'preact';
import type { Overview } from '../overview.js';
import { isNote } from '../../model/problem.js';
import type { Picture } from './connection.js';
import { Count, Glyph } from './parts.js';
import { clusterHash } from './route.js';

/** Not knowing outranks a warning, because it may hide something worse. */
const ORDER: readonly Overview['level'][] = ['critical', 'unknown', 'warning', 'ok'];

/** Nobody can write there now. */
const isWithoutWrites = ({ incidents }: Overview): boolean =>
  incidents.some(({ withoutWrites }) => withoutWrites.sinceMs !== null);

export const worstFirst = (pictures: readonly Picture[]): readonly Picture[] =>
  [...pictures].sort(
    ({ overview: a }, { overview: b }) =>
      ORDER.indexOf(a.level) - ORDER.indexOf(b.level) ||
      Number(isWithoutWrites(b)) - Number(isWithoutWrites(a)) ||
      b.approvals.length - a.approvals.length ||
      b.incidents.length - a.incidents.length ||
      a.scope.localeCompare(b.scope),
  );

export const Fleet = ({ pictures }: { readonly pictures: readonly Picture[] }): JSX.Element => (
  <section id="fleet" aria-label="All clusters" tabIndex={-1}>
    <h1>
      {pictures.filter(({ overview }) => overview.level !== 'ok').length} of {pictures.length} clusters need a look
    </h1>
    <ul class="fleet">
      {worstFirst(pictures).map((picture) => (
        <Row key={picture.overview.scope} picture={picture} />
      ))}
    </ul>
  </section>
);

const Row = ({ picture: { overview } }: { readonly picture: Picture }): JSX.Element => {
  const { scope, level, headline, sinceMs, mode, leader, members, incidents, approvals } = overview;
  const active = overview.problems.filter((one) => one.phase === 'active' && !isNote(one)).length;
  return (
    <li class={level}>
      <a href={clusterHash(scope)}>
        <Glyph level={level} />
        <strong>{scope}</strong>
        <span class="state">{headline}</span>
        <span class="dim">{sinceMs === null ? '' : <Count kind="since" ms={sinceMs} />}</span>
        <span class="dim">
          leader {leader ?? 'none'}, {members.length} members, {mode}
        </span>
        <span class="counts">
          {active > 0 && <b>{active} problems</b>} {incidents.length > 0 && <b>{incidents.length} incidents</b>}{' '}
          {approvals.length > 0 && <b class="calls">{approvals.length} approvals</b>}
        </span>
      </a>
    </li>
  );
};
