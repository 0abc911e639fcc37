// What every panel is made of. Text is always a child of an element: what a member calls itself can never become markup.
import type { ComponentChildren, JSX } from 'preact';
import { bothZones, countingText, moment, timeOfDay, type Counting } from './clock.js';
import { TERMS, type TermName } from './terms.js';

/** A state in words: it loses its hyphens. */
export const words = (text: string): string => text.replaceAll('-', ' ');

/** An age or a time that is left, counted on between passes; the exact moment, local and UTC, is in its title. */
export const Count = ({ kind, ms }: { readonly kind: Counting; readonly ms: number }): JSX.Element => (
  <time dateTime={new Date(ms).toISOString()} title={bothZones(ms)}>
    {countingText(kind, ms)}
  </time>
);

/** A moment; `day`: it may be on another day. */
export const At = ({ ms, day = false }: { readonly ms: number; readonly day?: boolean }): JSX.Element => (
  <time dateTime={new Date(ms).toISOString()} title={bothZones(ms)}>
    {day ? moment(ms) : timeOfDay(ms)}
  </time>
);

/** A word of the trade, with what it means on hover and for a screen reader. */
export const Term = ({
  of,
  children,
}: {
  readonly of: TermName;
  readonly children?: ComponentChildren;
}): JSX.Element => (
  <abbr class="term" title={TERMS[of]}>
    {children ?? of}
  </abbr>
);

interface PanelProps {
  readonly id: string;
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly class?: string;
  readonly children?: ComponentChildren;
}

/** One section of the page; it is there also when there is nothing to tell. */
export const Panel = ({ id, title, note, children, ...rest }: PanelProps): JSX.Element => (
  <section id={id} class={`panel ${rest.class ?? ''}`} aria-labelledby={`${id}-title`} tabIndex={-1}>
    <div class="panel-title">
      <h2 id={`${id}-title`}>{title}</h2>
      {typeof note === 'string' ? <p class="dim">{note}</p> : note}
    </div>
    {children}
  </section>
);

export const Nothing = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <p class="nothing">{children}</p>
);

/** Requests as they would be or were sent, in order. */
export const Requests = ({
  steps,
  label = 'Requests',
}: {
  readonly steps: readonly string[];
  readonly label?: string;
}): JSX.Element => (
  <ol class="requests" aria-label={label}>
    {steps.map((step, index) => (
      <li key={index}>
        <code>{step}</code>
      </li>
    ))}
  </ol>
);

export type Tone = 'ok' | 'warning' | 'critical' | 'unknown' | 'info';

const MARK = 'mark';
const GLYPHS: Readonly<Record<Tone, JSX.Element>> = {
  ok: (
    <>
      <circle cx="8" cy="8" r="6.5" />
      <path d="M5 8.2l2.1 2.1L11 6" class={MARK} />
    </>
  ),
  warning: (
    <>
      <path d="M8 1.6l6.7 12H1.3z" />
      <path d="M8 6v3.4M8 11.4v.4" class={MARK} />
    </>
  ),
  critical: (
    <>
      <path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z" />
      <path d="M8 4.6v4.2M8 11v.4" class={MARK} />
    </>
  ),
  unknown: (
    <>
      <circle cx="8" cy="8" r="6.5" class="dashed" />
      <path d="M6.4 6.3c.2-2.2 3.4-2 3.3.1-.1 1.2-1.7 1.3-1.7 2.7M8 11.2v.4" class={MARK} />
    </>
  ),
  info: (
    <>
      <circle cx="8" cy="8" r="6.5" />
      <path d="M8 7.4v3.8M8 4.8v.3" class={MARK} />
    </>
  ),
};

/** Shape and colour together: the level is readable without colour. */
export const Glyph = ({ level }: { readonly level: string }): JSX.Element => {
  const known: Tone = Object.hasOwn(GLYPHS, level) ? (level as Tone) : 'unknown';
  return (
    <svg class={`glyph ${known}`} viewBox="0 0 16 16" aria-hidden="true">
      {GLYPHS[known]}
    </svg>
  );
};
