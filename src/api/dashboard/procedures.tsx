// A person starts a procedure from here: chosen from a list, planned first, and begun only after the plan was seen.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { PROCEDURES } from '../../actions/asked.js';
import type { Block } from '../../model/decision.js';
import { PROCEDURE_NAMES, type ProcedureName } from '../../model/procedure.js';
import type { PlannedStage } from '../../model/procedure-run.js';
import { STAGED_NAMES, STAGED_ROWS, type StagedName } from '../../model/staged.js';
import { change, clusterPath, type Picture, problemText } from './connection.js';
import type { Values } from './dialog-spec.js';
import { ask, Field, ReasonField } from './dialog.js';
import { showPart } from './show-part.js';
import { Requests } from './parts.js';
import { Gates } from './problems.js';
import { set, tell, typed } from './store.js';

const isStaged = (name: string): name is StagedName => (STAGED_NAMES as readonly string[]).includes(name);
const SINGLE = PROCEDURE_NAMES.filter((name) => PROCEDURES[name].alone !== false);

interface Wants {
  readonly summary: string;
  /** The field of the request that names the member, and how much it is needed. */
  readonly member: 'needed' | 'optional' | 'no';
  readonly candidate: 'needed' | 'optional' | 'no';
  readonly back: boolean;
  readonly loss: boolean;
  /** Parameters by name, each with what it means; null: any. */
  readonly parameters: Readonly<Record<string, string>> | null;
}

function wantsOf(name: StagedName | ProcedureName): Wants {
  if (isStaged(name)) {
    const { summary, takes } = STAGED_ROWS[name];
    const { member, candidate, back, parameters } = takes;
    return {
      summary,
      member,
      candidate,
      back: back !== 'no',
      loss: false,
      parameters: parameters === 'any' ? null : parameters,
    };
  }
  const { summary, takes, parameters = {} } = PROCEDURES[name];
  const { target, candidate, acceptLoss } = takes;
  return { summary, member: target, candidate, back: false, loss: acceptLoss !== 'no', parameters };
}

interface Props {
  readonly picture: Picture;
  readonly isPast: boolean;
}

export const StartButton = ({ picture, isPast }: Props): JSX.Element => (
  <button type="button" class="small" data-do="start" disabled={isPast} onClick={() => void askStart(picture)}>
    Start…
  </button>
);

interface Answer {
  readonly answer: {
    readonly kind: string;
    readonly id?: string;
    readonly why?: string;
    readonly steps?: readonly string[];
    readonly blocks?: readonly Block[];
    readonly stages?: readonly PlannedStage[];
  };
}

/** The request as the daemon takes it; fields that the procedure does not take are left out. */
function requestOf(values: Values, dryRun: boolean): Readonly<Record<string, unknown>> {
  const { name = '', member = '', candidate = '', loss = '', back, reason } = values;
  const parameters = Object.fromEntries(
    Object.entries(values)
      .filter(([key, value]) => key.startsWith('set-') && value !== '')
      .map(([key, value]) => [key.slice('set-'.length), value]),
  );
  const given = {
    ...(candidate === '' ? {} : { candidate }),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
  };
  const whom = member === '' ? {} : isStaged(name) ? { member } : { target: member };
  const accepted = loss === '' ? {} : { acceptLoss: loss === 'any' ? 'any' : Number(loss) };
  return { name, ...whom, ...given, ...accepted, ...(back === 'on' ? { back: true } : {}), reason, dryRun };
}

const send = (scope: string, values: Values, dryRun: boolean): Promise<Answer> =>
  change(
    'POST',
    `${clusterPath(scope)}/${isStaged(values['name'] ?? '') ? 'runs' : 'procedures'}`,
    requestOf(values, dryRun),
  ) as unknown as Promise<Answer>;

function askStart({ overview }: Picture): Promise<unknown> {
  const { scope, members, mode } = overview;
  let planned: Values = {};
  return ask({
    title: 'Start a procedure',
    lead: <span>The plan comes first. Nothing is sent before you have seen it and start it.</span>,
    fields: <Choice members={members.map(({ name }) => name)} />,
    submit: 'Show the plan',
    send: (values) => {
      planned = values;
      return send(scope, values, true);
    },
    result: (answer) => <Plan answer={answer as Answer} scope={scope} values={planned} mode={mode} />,
  });
}

const Choice = ({ members }: { readonly members: readonly string[] }): JSX.Element => {
  const [name, setName] = useState<StagedName | ProcedureName>('rolling-restart');
  const wants = wantsOf(name);
  const option = (one: string): JSX.Element => <option key={one}>{one}</option>;
  return (
    <>
      <Field name="name" label="Procedure" hint={wants.summary}>
        {(own) => (
          <select
            {...own}
            value={name}
            onChange={(event) => {
              setName(event.currentTarget.value as StagedName | ProcedureName);
            }}
          >
            <optgroup label="of several stages">{STAGED_NAMES.map(option)}</optgroup>
            <optgroup label="of one action">{SINGLE.map(option)}</optgroup>
          </select>
        )}
      </Field>
      {wants.member !== 'no' && <MemberField name="member" label="Member" members={members} rule={wants.member} />}
      {wants.candidate !== 'no' && (
        <MemberField name="candidate" label="Who shall lead" members={members} rule={wants.candidate} />
      )}
      {wants.loss && (
        <Field name="loss" label="Loss that you accept" hint="Bytes, or any. Empty: none.">
          {(own) => <input {...own} pattern="any|[0-9]*" inputMode="numeric" />}
        </Field>
      )}
      {Object.entries(wants.parameters ?? {}).map(([key, text]) => (
        <Field key={key} name={`set-${key}`} label={key} hint={text}>
          {(own) => <input {...own} />}
        </Field>
      ))}
      {wants.parameters === null && (
        <p class="dim">
          Its settings are free in name: start it with {typed(`ekimi run-procedure ${name} --set NAME=VALUE`)}.
        </p>
      )}
      {wants.back && (
        <label class="check">
          <input type="checkbox" name="back" /> hand leadership back in the end
        </label>
      )}
      <ReasonField />
    </>
  );
};

interface MemberFieldProps {
  readonly name: string;
  readonly label: string;
  readonly members: readonly string[];
  readonly rule: 'needed' | 'optional';
}

/** One that is configured, or one that is not yet. */
const MemberField = ({ name, label, members, rule }: MemberFieldProps): JSX.Element => (
  <Field name={name} label={label} hint={rule === 'optional' ? 'Empty: the best one.' : undefined}>
    {(own) => (
      <>
        <input {...own} list={`${own.id}-list`} required={rule === 'needed'} autoComplete="off" />
        <datalist id={`${own.id}-list`}>
          {members.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </>
    )}
  </Field>
);

const PLACES = { runs: 'Procedure', remediations: 'Remediations' } as const;

/** What became of it, and where it is followed. */
function startedText(name: string, { kind, id }: Answer['answer'], place: keyof typeof PLACES): string {
  const what = kind === 'rehearsed' ? 'is rehearsed: nothing is sent' : `is ${kind}`;
  return `${name} ${what}${id === undefined ? '' : ` (${id})`}. Follow it under ${PLACES[place]}.`;
}

interface PlanProps {
  readonly answer: Answer;
  readonly scope: string;
  readonly values: Values;
  readonly mode: string;
}

const Plan = ({ answer: { answer }, scope, values, mode }: PlanProps): JSX.Element => {
  const [problem, setProblem] = useState('');
  const start = async (): Promise<void> => {
    try {
      const said = await send(scope, values, false);
      const name = values['name'] ?? '';
      const place = isStaged(name) ? 'runs' : 'remediations';
      tell(startedText(name, said.answer, place));
      set({ dialog: null });
      // Once the dialog is gone: it gives the focus back to where it was.
      requestAnimationFrame(() => {
        showPart(place);
      });
    } catch (error) {
      setProblem(problemText(error));
    }
  };
  const { stages = [], steps = [], blocks = [], why } = answer;
  return (
    <section class="plan" aria-label="Plan">
      <h3>Plan</h3>
      {why !== undefined && <p class="why">{why}</p>}
      {steps.length > 0 && <Requests steps={steps} />}
      {blocks.length > 0 && <Gates blocks={blocks} />}
      {stages.map(({ key, text, requests, held, told = [] }, index) => (
        <details key={key} open={held.length > 0}>
          <summary>
            {index + 1}. {text}
          </summary>
          {requests.length > 0 && <Requests steps={requests} />}
          {[...told, ...held.map((one) => `held: ${one}`)].map((one) => (
            <p key={one} class="phase">
              {one}
            </p>
          ))}
        </details>
      ))}
      {stages.length + steps.length === 0 && <p class="dim">Nothing is left to do.</p>}
      <p class="problem" role="alert">
        {problem}
      </p>
      <button type="button" class="stop" data-do="start-now" onClick={() => void start()}>
        Start it{mode === 'enforce' ? '' : ` (${mode}: nothing is sent)`}
      </button>
    </section>
  );
};
