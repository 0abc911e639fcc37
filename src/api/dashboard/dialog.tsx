// A change is asked for in a dialog: what will happen, why, and, once a session, with which token.
import type { ComponentChildren, JSX, TargetedSubmitEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Refused, token, problemText } from './connection.js';
import type { DialogSpec, Values } from './dialog-spec.js';
import { set } from './store.js';

/** Opens a form; its errors stay in it. Resolves with the answer, or null if it was cancelled. */
export const ask = (spec: Omit<DialogSpec, 'done'>): Promise<unknown> =>
  new Promise((resolve) => {
    set({
      dialog: {
        ...spec,
        done: (answer) => {
          set({ dialog: null });
          resolve(answer);
        },
      },
    });
  });

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly children: (own: {
    readonly id: string;
    readonly name: string;
    readonly 'aria-describedby'?: string;
  }) => JSX.Element;
}

/** The hint describes the control and is not part of its name. */
export const Field = ({ name, label, hint, children }: FieldProps): JSX.Element => {
  const id = `field-${name}`;
  return (
    <div class="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, name, ...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` }) })}
      {hint !== undefined && (
        <small class="dim" id={`${id}-hint`}>
          {hint}
        </small>
      )}
    </div>
  );
};

export const ReasonField = (): JSX.Element => (
  <Field name="reason" label="Reason" hint="Goes into the journal, under the name of your token.">
    {(own) => <textarea {...own} rows={2} required maxLength={500} />}
  </Field>
);

const TokenField = (): JSX.Element => (
  <Field
    name="token"
    label="Token"
    hint="One of api.tokens whose role may do this; kept in this tab until it is closed."
  >
    {(own) => <input {...own} type="password" autoComplete="off" spellcheck={false} />}
  </Field>
);

const valuesOf = (form: HTMLFormElement): Values =>
  Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, typeof value === 'string' ? value : '']));

function keepToken({ token: given }: Values): void {
  if (given !== undefined && given.trim() !== '') token.set(given.trim());
}

export const Dialog = ({ spec }: { readonly spec: DialogSpec }): JSX.Element => {
  const element = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [asksToken, setAsksToken] = useState(spec.send !== undefined && token.get() === null);
  const [shown, setShown] = useState<ComponentChildren>(null);
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    element.current?.querySelector<HTMLElement>('select, textarea, input, button')?.focus();
    return () => {
      // Unless what came of it took the focus already.
      const isFree = document.activeElement === null || document.activeElement === document.body;
      if (isFree && before instanceof HTMLElement) before.focus();
    };
  }, []);
  const failed = (error: unknown): void => {
    setBusy(false);
    const text = problemText(error);
    setProblem(error instanceof Refused ? text : `The daemon did not answer: ${text}`);
    if (!(error instanceof Refused) || (error.status !== 401 && error.status !== 403)) return;
    token.clear();
    setAsksToken(true);
  };
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const values = valuesOf(event.currentTarget);
    if (asksToken) keepToken(values);
    if (spec.send === undefined) {
      spec.done(null);
      return;
    }
    setBusy(true);
    setProblem('');
    spec.send(values).then((answer) => {
      setBusy(false);
      const result = spec.result?.(answer) ?? null;
      if (result === null) spec.done(answer);
      else setShown(result);
    }, failed);
  };
  return (
    <dialog
      ref={element}
      aria-label={spec.title}
      onCancel={() => {
        spec.done(null);
      }}
    >
      <form onSubmit={submit}>
        <h2>{spec.title}</h2>
        <div class="lead">{spec.lead}</div>
        {spec.fields}
        {asksToken && (
          <div class="token">
            <TokenField />
          </div>
        )}
        <p class="problem" role="alert">
          {problem}
        </p>
        <div class="answer" aria-live="polite">
          {shown}
        </div>
        <p class="buttons">
          <button type="submit" class={spec.danger === true ? 'stop' : 'go'} disabled={isBusy}>
            {spec.submit}
          </button>
          {spec.send !== undefined && (
            <button
              type="button"
              onClick={() => {
                spec.done(null);
              }}
            >
              {shown === null ? 'Cancel' : 'Close'}
            </button>
          )}
        </p>
      </form>
    </dialog>
  );
};
