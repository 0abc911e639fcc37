// What Ekimi can see, and how old each answer is.
import type { JSX } from 'preact';
import type { Overview } from '../overview.js';
import type { SourceOverview } from '../sources.js';
import { At, Count, Nothing, Panel } from './parts.js';
import type { Line } from '../../words/narrate.js';
import { repeatsTogether, saying, type Repeated } from '../../words/once.js';
import { useState } from 'preact/hooks';

const COLUMNS: readonly (readonly [string, string])[] = [
  ['api', 'API'],
  ['cluster', 'peers'],
  ['sql', 'SQL'],
  ['host', 'host'],
  ['tag-file', 'tags'],
];
const WHOLE: readonly (readonly [string, string])[] = [
  ['leader-key', 'leader key'],
  ['dcs-membership', 'etcd membership'],
  ['dcs-alarms', 'etcd alarms'],
  ['config', 'dynamic config'],
  ['history', 'history'],
  ['proxy', 'HAProxy'],
];

export const Sources = ({ overview: { sources, members } }: { readonly overview: Overview }): JSX.Element => {
  const unknown = sources.filter((source) => source.kind === 'unknown');
  const find = (name: string, subject: string | null): SourceOverview | undefined =>
    sources.find((source) => source.source === name && source.subject === subject);
  return (
    <Panel
      id="sources"
      title="What it can see"
      note={unknown.length === 0 ? 'every source answers' : `${unknown.length} unknown`}
    >
      <div class="scroll" tabIndex={0} role="region" aria-label="Age of each reading">
        <table>
          <thead>
            <tr>
              <th scope="col">member</th>
              {COLUMNS.map(([name, title]) => (
                <th key={name} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {members.map((member) => (
              <tr key={member.name}>
                <th scope="row">{member.name}</th>
                {COLUMNS.map(([name]) => (
                  <td key={name}>
                    <Age source={find(name, member.name)} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ul class="whole">
        {WHOLE.map(([name, title]) => (
          <li key={name}>
            <span class="dim">{title}</span> <Age source={find(name, null)} />
          </li>
        ))}
      </ul>
      {unknown.length > 0 && (
        <ul class="reasons" aria-label="Why unknown">
          {unknown.map(({ source, subject, reason }) => (
            <li key={`${source}/${subject ?? ''}`}>
              <span class="channel">{source}</span>
              <span>{reason}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
};

const Age = ({ source }: { readonly source: SourceOverview | undefined }): JSX.Element => {
  if (source === undefined || source.kind === 'off') return <span class="off">off</span>;
  if (source.kind === 'unread') return <span class="off">not due</span>;
  if (source.kind === 'unknown') return <b class="unknown">unknown</b>;
  return (
    <span class={source.kind}>
      <Count kind="since" ms={source.atMs} />
    </span>
  );
};

/** The last lines of the journal, newest first. */
export const Journal = ({
  lines,
  title = 'Journal',
}: {
  readonly lines: readonly Line[];
  readonly title?: string;
}): JSX.Element => {
  const [wanted, setWanted] = useState('');
  const shown = [...saying(repeatsTogether(lines), wanted)].reverse();
  return (
    <Panel
      id="journal"
      title={title}
      note={
        <input
          type="search"
          class="filter"
          placeholder="filter"
          aria-label="Filter the journal"
          value={wanted}
          onInput={(event) => {
            setWanted(event.currentTarget.value);
          }}
        />
      }
    >
      {shown.length === 0 ? (
        <Nothing>{wanted === '' ? 'Nothing has been written yet.' : 'No line has that.'}</Nothing>
      ) : (
        <ol class="lines" tabIndex={0} aria-label="Journal, newest first">
          {shown.map((one) => (
            <JournalLine key={one.line.seq} told={one} />
          ))}
        </ol>
      )}
    </Panel>
  );
};

export const JournalLine = ({
  told: {
    line: { tone, atMs, kind, text },
    times,
    untilMs,
  },
}: {
  readonly told: Repeated;
}): JSX.Element => (
  <li class={tone}>
    <At ms={untilMs} />
    <span class="kind">{kind}</span>
    <span class="text">
      {text}
      {times > 1 && (
        <span class="dim">
          {' '}
          (said {times} times, <At ms={atMs} /> to <At ms={untilMs} />)
        </span>
      )}
    </span>
  </li>
);
