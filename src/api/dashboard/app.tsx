// The page, from what the store has. Every part is a function of that and draws nothing by itself.
import { isNote } from '../../model/problem.js';
import type { JSX } from 'preact';
import type { Line } from '../../words/narrate.js';
import { moment } from './clock.js';
import type { Picture } from './connection.js';
import { Dialog } from './dialog.js';
import { Fleet, worstFirst } from './fleet.js';
import { Hero } from './hero.js';
import { Incidents } from './incidents.js';
import { MachineDrawn } from './machine.js';
import { Arrival } from './arrival.js';
import { Member } from './member.js';
import { words } from './parts.js';
import { PolicyMatrix } from './policy.js';
import { Decisions, Problems } from './problems.js';
import { StartButton } from './procedures.js';
import { Approvals, Remediations, Switches } from './remediation.js';
import { clusterHash, type Place } from './route.js';
import { Runs } from './runs.js';
import { Journal, Sources } from './sources.js';
import { condition, goTo, type State } from './store.js';
import { Timeline } from './timeline.js';
import { Banner, ModeBand, TopBar } from './top.js';
import { Topology } from './topology.js';
import { toldAs } from './told-alone.js';

/** What is shown of the chosen cluster: as it was where a past moment is chosen, else as it is. */
function shownIn(state: State): Picture | undefined {
  const live = liveIn(state);
  return state.past !== null && state.past.overview.scope === live?.overview.scope ? state.past : live;
}

const hasPlace = ({ kind, id }: Place, { snapshot: { ledger } }: Picture): boolean =>
  kind === 'page'
    ? toldAs(ledger.pages, id) !== undefined
    : (kind === 'approval' ? ledger.approvals : (ledger.incidents ?? [])).some((one) => one.id === id);

function liveIn({ clusters, route }: State): Picture | undefined {
  const all = [...clusters.values()];
  if (route.view === 'place') return all.find((picture) => hasPlace(route.at, picture)) ?? all[0];
  if (route.view === 'fleet') return worstFirst(all)[0];
  return clusters.get(route.scope);
}

export const App = ({ state }: { readonly state: State }): JSX.Element => {
  const live = liveIn(state);
  const picture = shownIn(state);
  const isPast = picture !== undefined && picture !== live;
  setDocument(state, picture, isPast);
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the cluster
      </a>
      <header id="top">
        <TopBar state={state} picture={live} />
      </header>
      <div id="mode">{picture !== undefined && <ModeBand overview={picture.overview} />}</div>
      {isPast && state.past !== null && <PastBand past={state.past} />}
      <main id="main" tabIndex={-1}>
        <View state={state} picture={picture} isPast={isPast} />
      </main>
      <div id="banner" role="alert">
        <Banner state={state} picture={live} />
      </div>
      <div id="announcer" class="unseen" aria-live="polite">
        {state.told === '' ? announcement(live) : state.told}
      </div>
      {state.told !== '' && (
        <p id="said" aria-hidden="true">
          {state.told}
        </p>
      )}
      {state.dialog !== null && <Dialog spec={state.dialog} />}
    </>
  );
};

/** The link's own hash would be taken for a cluster. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

interface ViewProps {
  readonly state: State;
  readonly picture: Picture | undefined;
  readonly isPast: boolean;
}

const View = ({ state, picture, isPast }: ViewProps): JSX.Element | null => {
  const { route, clusters } = state;
  if (route.view === 'fleet' && clusters.size > 1) return <Fleet pictures={[...clusters.values()]} />;
  if (picture === undefined)
    return clusters.size === 0 ? null : (
      <section id="member">
        <h1>No such cluster</h1>
        <ul>
          {[...clusters.keys()].map((name) => (
            <li key={name}>
              <a href={clusterHash(name)}>{name}</a>
            </li>
          ))}
        </ul>
      </section>
    );
  if (route.view === 'member')
    return <Member picture={picture} name={route.member} lines={linesIn(state, picture, isPast)} />;
  return <Cluster state={state} picture={picture} isPast={isPast} />;
};

/** Of a past moment what the journal said by then, however long ago. */
const linesIn = ({ past, lines }: State, { overview }: Picture, isPast: boolean): readonly Line[] =>
  (isPast && past !== null ? past.lines : lines.get(overview.scope)) ?? [];

const Cluster = ({ state, picture, isPast }: ViewProps & { readonly picture: Picture }): JSX.Element => {
  const { overview, run } = picture;
  const { route } = state;
  const at = route.view === 'cluster' || route.view === 'place' ? route.at : null;
  const lines = linesIn(state, picture, isPast);
  const approvals = <Approvals picture={picture} isPast={isPast} />;
  return (
    <>
      <Hero picture={picture} />
      {at !== null && <Arrival key={JSON.stringify(at)} at={at} picture={picture} isPast={isPast} />}
      {overview.approvals.length > 0 && approvals}
      <Incidents picture={picture} isPast={isPast} opened={at?.kind === 'incident' ? at.id : null} />
      <Topology overview={overview} />
      <Timeline picture={picture} />
      <div class="columns">
        <div class="column">
          <Problems problems={overview.problems} />
          <Decisions picture={picture} />
          <Journal lines={lines} />
        </div>
        <div class="column">
          <Runs run={run} picture={picture} isPast={isPast}>
            <StartButton picture={picture} isPast={isPast} />
          </Runs>
          {overview.approvals.length === 0 && approvals}
          <Remediations overview={overview} />
          <Switches picture={picture} isPast={isPast} />
          <MachineDrawn picture={picture} />
          <PolicyMatrix picture={picture} isPast={isPast} />
          <Sources overview={overview} />
        </div>
      </div>
    </>
  );
};

const PastBand = ({ past }: { readonly past: NonNullable<State['past']> }): JSX.Element => (
  <div id="past" role="status">
    <strong>Past.</strong> The page as it was at {moment(past.atMs)}. Nothing can be changed here.
    <button type="button" class="small" data-do="now" onClick={() => void goTo(past.overview.scope, null)}>
      Back to now
    </button>
  </div>
);

/** Said once per change, for those who listen: the state and the problems, not the figures. */
function announcement(picture: Picture | undefined): string {
  if (picture === undefined) return '';
  const { scope, headline, problems, approvals } = picture.overview;
  const active = problems.filter((one) => one.phase === 'active' && !isNote(one));
  const text = active.map(({ code, subject }) => `${words(code)} ${subject}`).join('. ');
  return `${scope} is ${headline}. ${text}${approvals.length > 0 ? '. An approval waits' : ''}`;
}

/** What style and title of the document go by. */
function setDocument(state: State, picture: Picture | undefined, isPast: boolean): void {
  const { dataset } = document.body;
  dataset['connection'] = condition(state, liveIn(state));
  dataset['level'] = picture?.overview.level ?? 'unknown';
  dataset['past'] = String(isPast);
  if (picture === undefined) return;
  const { level, state: name, scope } = picture.overview;
  document.title = `${isPast ? 'past: ' : ''}${level === 'ok' ? '' : '● '}${words(name)} · ${scope} · ekimi`;
}
