import type { Conflict } from '../model/conflict.js';

/** What a person does about each refusal of what is asked as things stand. The message says what stands in the way. */
export const CONFLICT_REMEDY: Readonly<Record<Conflict, string>> = {
  'failed-at-it': 'Look at the log of the daemon for the fault. Then see what came of it: ekimi status.',
  'other-instance': 'Ask the instance that the message names: give its address with --url.',
  'tenure-unknown': 'Ask again when etcd answers. What does not answer is told by: ekimi doctor.',
  'read-anew': 'See what stands in the ledger now, with ekimi status. Then ask again.',
  'other-version':
    'Ask an instance of the version that began it. Where none runs any more: ekimi resume --subject foreign-work.',
  'run-of-other-version': 'Ask an instance of the version that began it, or end it: ekimi procedures abort ID.',
  'answered-already': 'See what waits for a word now: ekimi status. What is still due is asked anew.',
  'bad-subject': 'Use global, cluster, member:NAME or action:NAME.',
  'still-paused': 'Ask again when etcd answers: until then the pause stands. What does not answer: ekimi doctor.',
  stopping: 'Ask again when the daemon has started anew, or ask another instance with --url.',
  'nothing-seen': 'Ask again in a few seconds, when the first pass has ended.',
  'one-procedure': 'Wait until that one has ended, or end it by the command in the message.',
  'not-fit': 'Mend or change what the message names. With --plan it is asked again and nothing is begun.',
  'half-way': 'Mend what it would stop at. With --plan every stage is shown, with what holds it.',
  'not-kept-here': 'Mend what the message names on this machine, or ask the instance that has the run.',
  'journal-full': 'Give the folder of the journal room and the right to write. Then ask again.',
  'run-over': 'Start another one, if it is still wanted: ekimi procedures lists what there is.',
  'run-phase': 'See where it stands, and what can be said of it: ekimi procedures.',
  'other-list': 'Read the list in the message. Whoever agrees to it uses the command that stands there.',
  'check-not-allowed': 'Ask again when what the message names is over, or name another member.',
  'one-check': 'Wait until that check has ended: ekimi check-data shows how far it is.',
  'too-late': 'Ask again: a word that is so old is not acted on.',
  'not-begun': 'Mend what the message names. Nothing was sent; then ask again.',
  'no-target': 'Name the member that is meant, or mend what the message names first.',
  'other-leader': 'See who leads now, with ekimi status. Then ask again with its name, if it is still wanted.',
  'done-already': 'Nothing: what was asked for is so. See it with ekimi status.',
  'rehearsed-already': 'Set mode: enforce in the policy, if it shall be sent. In dry-run one rehearsal is enough.',
  'not-possible': 'Mend what the message names. With --plan it is asked again and nothing is sent.',
};
