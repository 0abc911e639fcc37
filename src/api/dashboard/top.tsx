// Above everything: which cluster, whether what is seen is live, and what this instance may do.
import type { JSX } from 'preact';
import type { Overview } from '../overview.js';
import { bothZones, daemonNow, setZone, timeOfDay, zoneNow } from './clock.js';
import type { Picture } from './connection.js';
import { askToken, showHelp } from './ask.js';
import { Term } from './parts.js';
import { clusterHash } from './route.js';
import { condition, redraw, retry, type State } from './store.js';

const Mark = (): JSX.Element => (
  <a class="mark" href="#/">
    <svg viewBox="0 0 28 16" aria-hidden="true">
      <path d="M1 9h5l3-7 5 13 3.4-8 1.6 2h8" />
    </svg>
    ekimi
  </a>
);

export const TopBar = ({
  state,
  picture,
}: {
  readonly state: State;
  readonly picture: Picture | undefined;
}): JSX.Element => {
  const how = condition(state, picture);
  return (
    <div class="top">
      <Mark />
      <Clusters state={state} selected={picture?.overview.scope ?? null} />
      <p class={`live ${how}`}>
        <i aria-hidden="true" />
        <span>{how}</span>
        {picture !== undefined && (
          <span class="dim">
            pass {picture.snapshot.tick}, <Live atMs={picture.snapshot.atMs} />
          </span>
        )}
      </p>
      {picture !== undefined && (
        <p class="build dim">
          {picture.snapshot.instance} · {picture.snapshot.version}
        </p>
      )}
      <p class="tools">
        <Zones />
        <Themes />
        <button
          type="button"
          class="small"
          title="Keyboard shortcuts and words (?)"
          aria-label="Help"
          onClick={showHelp}
        >
          ?
        </button>
      </p>
    </div>
  );
};

/** The age of the last pass counts on, whatever moment the page shows. */
const Live = ({ atMs }: { readonly atMs: number }): JSX.Element => (
  <time dateTime={new Date(atMs).toISOString()} title={bothZones(atMs)}>
    {Math.max(0, Math.round((daemonNow() - atMs) / 1000))} s ago
  </time>
);

const Clusters = ({ state, selected }: { readonly state: State; readonly selected: string | null }): JSX.Element => {
  const names = [...state.clusters.keys()];
  if (names.length < 2) return <p class="scope">{names[0] ?? ''}</p>;
  return (
    <nav aria-label="Clusters">
      <a href="#/" aria-current={state.route.view === 'fleet' ? 'page' : undefined}>
        all {names.length}
      </a>
      {names.slice(0, 8).map((name) => (
        <a key={name} href={clusterHash(name)} aria-current={name === selected ? 'page' : undefined}>
          {name}
        </a>
      ))}
    </nav>
  );
};

const Zones = (): JSX.Element => (
  <button
    type="button"
    class="small"
    data-do="zone"
    title="Show times in the other zone (u)"
    onClick={() => {
      setZone(zoneNow() === 'UTC' ? 'local' : 'UTC');
      redraw();
    }}
  >
    {zoneNow() === 'UTC' ? 'UTC' : 'local time'}
  </button>
);

const THEME = 'ekimi-theme';
const THEMES = ['auto', 'light', 'dark'] as const;
const themeNow = (): string => localStorage.getItem(THEME) ?? 'auto';

/** Applied before the first frame. */
export function applyTheme(): void {
  document.documentElement.dataset['theme'] = themeNow();
}

const Themes = (): JSX.Element => (
  <button
    type="button"
    class="small"
    data-do="theme"
    title="Colours: as the system says, light, dark"
    onClick={() => {
      const next = THEMES[(THEMES.findIndex((one) => one === themeNow()) + 1) % THEMES.length] ?? 'auto';
      localStorage.setItem(THEME, next);
      applyTheme();
      redraw();
    }}
  >
    {themeNow()}
  </button>
);

export const Banner = ({
  state,
  picture,
}: {
  readonly state: State;
  readonly picture: Picture | undefined;
}): JSX.Element | null => {
  const how = condition(state, picture);
  if (how === 'live') return null;
  if (how === 'connecting') return picture === undefined ? <p class="connecting">Connecting to the daemon…</p> : null;
  if (how === 'locked')
    return (
      <p>
        <strong>Locked.</strong> Reading needs a token here. {state.refusal}{' '}
        <button type="button" data-do="token" onClick={() => void askToken().then(retry)}>
          Give a token
        </button>
      </p>
    );
  const from =
    picture === undefined ? 'Nothing has been shown yet.' : `What you see is from ${timeOfDay(picture.snapshot.atMs)}.`;
  if (how === 'stale')
    return (
      <p>
        <strong>Stale.</strong> The daemon answers but its loop does not tick: the last pass ended{' '}
        <Live atMs={picture?.snapshot.atMs ?? daemonNow()} />. {from}
      </p>
    );
  return (
    <p>
      <strong>Offline.</strong> No connection to the daemon since {timeOfDay(state.lostAtMs ?? daemonNow())}. {from}{' '}
      Trying again.
    </p>
  );
};

const MODE_TEXT: Readonly<Record<Overview['mode'], string>> = {
  observe: 'names what is wrong; plans nothing, sends nothing',
  'dry-run': 'decides and journals as if it acted; sends nothing',
  enforce: 'acts: requests are sent to the cluster',
};

export const ModeBand = ({ overview }: { readonly overview: Overview }): JSX.Element => {
  const { mode, brakes, tenure, demo } = overview;
  const isOurs = tenure.state === 'held' || tenure.state === 'not-needed';
  return (
    <p class={`band ${mode} ${brakes.length > 0 ? 'held-back' : ''}`}>
      {demo === true && <strong class="demo">demo: a simulated cluster; nothing here is real</strong>}
      <strong>{mode}</strong>
      <span>{brakes.length > 0 ? `but ${brakes.join('; ')}` : MODE_TEXT[mode]}</span>
      <span class={`tenure ${isOurs ? '' : 'bad'}`}>
        <Term of="tenure">{tenureText(tenure)}</Term>
      </span>
    </p>
  );
};

function tenureText({ state, epoch, owner }: Overview['tenure']): string {
  switch (state) {
    case 'held':
      return `tenure held, epoch ${epoch ?? '?'}`;
    case 'other':
      return `tenure is ${owner ?? 'another instance'}'s: watching only`;
    case 'not-needed':
      return 'single instance';
    case 'unknown':
      return 'tenure unknown: sends nothing';
  }
}
