// Where a link led to: the card that it names comes into sight, and what the link asks is asked; or it is said why there is nothing to ask.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { isOpen } from '../../model/incident.js';
import { incidentText } from '../../words/incident.js';
import { askAcknowledge, askDecision } from './ask.js';
import type { Picture } from './connection.js';
import { IncidentJournal } from './earlier.js';
import { At } from './parts.js';
import { cardId, type Place } from './route.js';
import { toldAs } from './told-alone.js';
import { showPart } from './show-part.js';

interface Props {
  readonly at: Place;
  readonly picture: Picture;
  readonly isPast: boolean;
}

/** Drawn anew for each link: it asks once, whatever passes arrive while a person reads. */
export const Arrival = ({ at, picture, isPast }: Props): JSX.Element | null => {
  useEffect(() => {
    showPart(cardId(at));
    if (!isPast) askAt(at, picture);
  }, []);
  return <Said at={at} picture={picture} isPast={isPast} />;
};

/** Opens the same dialog as the button of the card. Nothing leaves the page before a person confirms it there. */
function askAt({ kind, id, asks }: Place, { overview, snapshot }: Picture): void {
  const { approvals, incidents, scope } = overview;
  if (kind === 'page') {
    const row = toldAs(snapshot.ledger.pages, id);
    if (row !== undefined && row.acknowledged === undefined && asks === 'acknowledge')
      void askAcknowledge({ id, name: `${row.code} ${row.subject}` }, scope);
    return;
  }
  if (kind === 'approval') {
    const approval = approvals.find((one) => one.id === id);
    if (approval !== undefined && (asks === 'approve' || asks === 'reject')) void askDecision(asks, approval, scope);
    return;
  }
  const incident = incidents.find((one) => one.id === id);
  if (incident !== undefined && asks === 'acknowledge') void askAcknowledge(incident, scope);
}

/** null: it is open, and its card says all. */
const Said = ({ at: { kind, id }, picture, isPast }: Props): JSX.Element | null => {
  const { snapshot } = picture;
  const { approvals, incidents = [], pages } = snapshot.ledger;
  if (kind === 'page')
    return toldAs(pages, id) !== undefined ? null : (
      <Gone>What was told as {id} is over. Nothing waits for your word on it.</Gone>
    );
  if (kind === 'incident') {
    const one = incidents.find((row) => row.id === id);
    if (one === undefined)
      return (
        <Gone>
          Incident {id} is long over. What the journal still has of it, here or by <code>ekimi incident {id}</code>:
          <IncidentJournal picture={picture} isPast={isPast} id={id} />
        </Gone>
      );
    return isOpen(one) ? null : (
      <Gone>
        Incident {id} is {incidentText(one, snapshot.atMs)}. It is below, under earlier incidents.
      </Gone>
    );
  }
  const one = approvals.find((row) => row.id === id);
  if (one === undefined)
    return <Gone>Approval {id} is not kept here any more. Nothing waits for your word on it.</Gone>;
  return one.state === 'waiting' ? null : (
    <Gone>
      Approval {id} ({one.plan.action} {one.plan.target}) is {one.state} already
      {one.by !== null && ` by ${one.by}`}
      {one.decidedAtMs !== null && (
        <>
          {' '}
          at <At ms={one.decidedAtMs} day />
        </>
      )}
      {one.ended !== undefined && `: ${one.ended}`}. Nothing waits for your word on it.
    </Gone>
  );
};

const Gone = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <div class="arrival" role="status">
    {children}
  </div>
);
