// The machines that run, drawn from their own configuration, with the present state lit. A table says where each state stands.
import type { JSX } from 'preact';
import { arrowsOf, type MachineConfig } from '../../machines/arrows.js';
import { clusterMachine } from '../../machines/parts.js';
import { remediationMachine } from '../../machines/remediation.js';
import type { RemediationPhase } from '../../model/ledger.js';
import type { ClusterState } from '../../model/states.js';
import type { Picture } from './connection.js';
import { Panel, words } from './parts.js';

type Place = readonly [number, number];
const BOX = { width: 134, height: 28, column: 148, row: 44 };

/** Column and row: serving, then trouble with the leader, then what cannot be told, then what only a person can judge. */
const CLUSTER_PLACES: Readonly<Record<ClusterState, Place>> = {
  healthy: [0, 0],
  suspect: [0, 1],
  degraded: [0, 2],
  lagging: [0, 3],
  'failing-over': [1, 0],
  leaderless: [1, 1],
  'leader-down': [1, 2],
  'leader-frozen': [1, 3],
  'leader-not-serving': [1, 4],
  unknown: [2, 0],
  paused: [2, 1],
  down: [2, 2],
  'split-brain-suspected': [2, 3],
  'split-brain': [2, 4],
};

const REMEDIATION_PLACES: Readonly<Record<RemediationPhase, Place>> = {
  planned: [0, 0],
  sending: [0, 1],
  verifying: [0, 2],
  unknown: [1, 1],
  abandoned: [1, 3],
  succeeded: [2, 0],
  ineffective: [2, 1],
  failed: [2, 2],
};

export const MachineDrawn = ({ picture: { overview, snapshot } }: { readonly picture: Picture }): JSX.Element => {
  const current = snapshot.states?.cluster.state ?? 'unknown';
  const [first] = overview.inFlight;
  return (
    <Panel id="machine" title="State machine" note={words(current)}>
      <Drawn
        config={clusterMachine.config}
        places={CLUSTER_PLACES}
        current={current}
        level={overview.level}
        what="The cluster"
      />
      {first !== undefined && (
        <Drawn
          config={remediationMachine.config}
          places={REMEDIATION_PLACES}
          current={first.phase}
          level={overview.level}
          what={`${first.plan.action} ${first.plan.target}`}
        />
      )}
    </Panel>
  );
};

interface DrawnProps {
  readonly config: MachineConfig;
  readonly places: Readonly<Record<string, Place>>;
  readonly current: string;
  readonly level: string;
  readonly what: string;
}

/** Only the ways out of the present state are drawn: with all of them nothing can be read. */
const Drawn = ({ config, places, current, level, what }: DrawnProps): JSX.Element => {
  const targets = arrowsOf(config).flatMap(({ from, to }) =>
    (from ?? current) === current && to !== current ? [to] : [],
  );
  const next = [...new Set(targets)];
  const text =
    next.length === 0
      ? `${what} is ${words(current)}, which is its end.`
      : `${what} is ${words(current)}. From here it can become ${next.map(words).join(', ')}.`;
  const rows = Math.max(...Object.values(places).map(([, row]) => row)) + 1;
  return (
    <figure class="machine">
      <svg viewBox={`0 0 ${3 * BOX.column} ${rows * BOX.row}`} role="img" aria-label={text}>
        {next.map((to) => (
          <Way key={to} from={places[current]} to={places[to]} />
        ))}
        {Object.entries(places).map(([name, at]) => (
          <Box
            key={name}
            name={name}
            at={at}
            tone={name === current ? `lit ${level}` : next.includes(name) ? 'near' : 'far'}
          />
        ))}
      </svg>
      <figcaption class="dim">{text}</figcaption>
    </figure>
  );
};

const middle = ([column, row]: Place): Place => [column * BOX.column + BOX.column / 2, row * BOX.row + BOX.row / 2];

const Box = ({ name, at, tone }: { readonly name: string; readonly at: Place; readonly tone: string }): JSX.Element => {
  const [x, y] = middle(at);
  return (
    <g class={`state ${tone}`}>
      <rect x={x - BOX.width / 2} y={y - BOX.height / 2} width={BOX.width} height={BOX.height} rx="4" />
      <text x={x} y={y + 4}>
        {words(name)}
      </text>
    </g>
  );
};

const Way = ({
  from,
  to,
}: {
  readonly from: Place | undefined;
  readonly to: Place | undefined;
}): JSX.Element | null => {
  if (from === undefined || to === undefined) return null;
  const [[x1, y1], [x2, y2]] = [middle(from), middle(to)];
  return <path class="way" d={`M${x1} ${y1}L${x2} ${y2}`} />;
};
