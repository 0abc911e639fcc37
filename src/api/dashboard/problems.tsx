// What is wrong, and what is decided about it.
import type { JSX } from 'preact';
import { GATE_NAMES, type Block, type Decision } from '../../model/decision.js';
import { isNote, type Problem } from '../../model/problem.js';
import { wayOut } from '../../words/way-out.js';
import { serverNow } from './clock.js';
import type { Picture } from './connection.js';
import { Count, Glyph, Nothing, Panel, Requests, Term, words } from './parts.js';
import { typed } from './store.js';

export const Problems = ({ problems: all }: { readonly problems: readonly Problem[] }): JSX.Element => {
  const problems = all.filter((one) => !isNote(one));
  const notes = all.filter(isNote);
  const of = (phase: Problem['phase']): number => problems.filter((problem) => problem.phase === phase).length;
  const note = problems.length === 0 ? '' : `${of('active')} active, ${of('suspect')} in grace`;
  return (
    <Panel id="problems" title="Problems" note={note}>
      {problems.length === 0 ? <Nothing>None in sight.</Nothing> : <ProblemRows rows={problems} label="Problems" />}
      {notes.length > 0 && (
        <>
          <h3>Notes: nothing is wrong by these</h3>
          <ProblemRows rows={notes} label="Notes" />
        </>
      )}
    </Panel>
  );
};

const ProblemRows = (props: { readonly rows: readonly Problem[]; readonly label: string }): JSX.Element => (
  <ul class="rows" aria-label={props.label}>
    {props.rows.map((problem) => (
      <ProblemRow key={`${problem.code}/${problem.subject}`} problem={problem} />
    ))}
  </ul>
);

const ProblemRow = ({ problem }: { readonly problem: Problem }): JSX.Element => {
  const { phase, level, code, subject, evidence, firstSeenMs } = problem;
  const [first, ...more] = evidence.slice(0, 8);
  return (
    <li class={`row problem ${phase} ${level}`}>
      <div class="row-head">
        <Glyph level={phase === 'active' ? level : phase === 'suspect' ? 'unknown' : 'info'} />
        <h3>
          <code>{code}</code> <span class="subject">{subject}</span>
        </h3>
        <span class="when">
          <Count kind="since" ms={firstSeenMs} />
        </span>
      </div>
      <p class="phase">
        <Phase problem={problem} />
      </p>
      {phase === 'suspect' && <GraceBar problem={problem} />}
      {first !== undefined && <Evidence rows={[first]} />}
      {more.length > 0 && (
        <details>
          <summary>{more.length} more by other channels</summary>
          <Evidence rows={more} />
        </details>
      )}
    </li>
  );
};

export const Evidence = ({ rows }: { readonly rows: Problem['evidence'] }): JSX.Element => (
  <ul class="evidence" aria-label="Evidence">
    {rows.map(({ channel, text }, index) => (
      <li key={index}>
        <span class="channel">{channel}</span>
        <span>{text}</span>
      </li>
    ))}
  </ul>
);

const Phase = ({ problem }: { readonly problem: Problem }): JSX.Element => {
  const { level, samples, channels, phase, actionableAtMs } = problem;
  const seen = `${level}, seen in ${samples} passes by ${channels.join(' and ') || 'no channel'}`;
  if (phase === 'suspect')
    return (
      <>
        {seen}; actionable <Count kind="until" ms={actionableAtMs} />
      </>
    );
  if (phase === 'recovering') return <>{seen}; not seen any more, watching that it stays away</>;
  return (
    <>
      {seen}; past its <Term of="grace" />
    </>
  );
};

const GraceBar = ({ problem: { actionableAtMs, firstSeenMs } }: { readonly problem: Problem }): JSX.Element => {
  const done = Math.min(1, Math.max(0, (serverNow() - firstSeenMs) / Math.max(1, actionableAtMs - firstSeenMs)));
  return (
    <svg class="grace" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="2" />
      <rect class="fill" width={Math.round(done * 100)} height="2" />
    </svg>
  );
};

export const Decisions = ({ picture: { snapshot } }: { readonly picture: Picture }): JSX.Element => (
  <Panel
    id="decisions"
    title="Decisions"
    note={`pass ${snapshot.tick}${snapshot.passMs === null ? '' : `, ${Math.round(snapshot.passMs.last)} ms`}`}
  >
    {snapshot.decisions.length === 0 ? (
      <Nothing>None: there is nothing to do now.</Nothing>
    ) : (
      <ul class="rows">
        {snapshot.decisions.map((decision) => (
          <DecisionRow key={keyOf(decision)} decision={decision} />
        ))}
      </ul>
    )}
  </Panel>
);

const isPlanned = (decision: Decision): decision is Extract<Decision, { readonly kind: 'act' | 'held' }> =>
  decision.kind === 'act' || decision.kind === 'held';

const keyOf = (decision: Decision): string =>
  isPlanned(decision)
    ? `${decision.plan.action}/${decision.plan.target}`
    : `${decision.kind}/${decision.code}/${decision.subject}`;

interface Verdict {
  readonly text: string;
  readonly tone: 'act' | 'would-act' | 'held' | 'page' | 'waiting';
}

/** Held by the mode alone means that everything else said yes: that is what dry-run is for. */
export function verdictOf(decision: Decision): Verdict {
  switch (decision.kind) {
    case 'act':
      return { text: 'acts', tone: 'act' };
    case 'page':
      return { text: 'a person must act', tone: 'page' };
    case 'waiting':
      return { text: 'waits', tone: 'waiting' };
    case 'held':
      if (decision.blocks.every(({ gate }) => gate === 'mode')) return { text: 'would act', tone: 'would-act' };
      if (decision.blocks.every(({ gate }) => gate === 'approval'))
        return { text: 'waits for an approval', tone: 'held' };
      return { text: 'held', tone: 'held' };
  }
}

export const DecisionRow = ({ decision }: { readonly decision: Decision }): JSX.Element => {
  const { text, tone } = verdictOf(decision);
  return (
    <li class={`row decision ${tone}`}>
      <div class="row-head">
        <span class="verdict">{text}</span>
        <h3>
          <code>{isPlanned(decision) ? decision.plan.action : decision.code}</code>{' '}
          <span class="subject">{isPlanned(decision) ? decision.plan.target : decision.subject}</span>
        </h3>
      </div>
      <p class="why">{typed(decision.why)}</p>
      {isPlanned(decision) && <Requests steps={decision.steps} />}
      {decision.kind === 'held' && <Gates blocks={decision.blocks} />}
      {isPlanned(decision) && <GatesPassed blocks={decision.kind === 'held' ? decision.blocks : []} />}
      {decision.kind === 'waiting' && decision.untilMs !== null && (
        <p class="phase">
          decides again <Count kind="until" ms={decision.untilMs} />
        </p>
      )}
    </li>
  );
};

/** Every gate that said no: why, and what lifts it. */
export const Gates = ({ blocks }: { readonly blocks: readonly Block[] }): JSX.Element => (
  <ul class="gates" aria-label="Held by">
    {blocks.map(({ gate, because, unblock, retryAtMs }) => (
      <li key={gate}>
        <span class="gate">{gate}</span>
        <span>
          {typed(because)}
          <span class="unblock">{typed(wayOut({ unblock }, blocks))}</span>
          {retryAtMs !== null && (
            <span class="unblock">
              asked again <Count kind="until" ms={retryAtMs} />
            </span>
          )}
        </span>
      </li>
    ))}
  </ul>
);

/** All gates are asked in every pass: the ones that did not say no have passed. */
const GatesPassed = ({ blocks }: { readonly blocks: readonly Block[] }): JSX.Element => {
  const passed = GATE_NAMES.filter((name) => !blocks.some(({ gate }) => gate === name));
  return (
    <details class="passed">
      <summary>
        {passed.length} of {GATE_NAMES.length} <Term of="gate">gates</Term> passed
      </summary>
      <p>{passed.map(words).join(', ')}</p>
    </details>
  );
};
