import type { ActionName } from '../model/plan.js';

const NOT_PRIMARY = 'the target holds the leader key, or is primary by its API or its SQL';

/** What no approval lifts, in words. The conditions themselves are `refuse` of each action; their texts are what `ekimi why` shows. */
export const REFUSALS: Readonly<Record<ActionName, string>> = {
  'drain-replica': 'the target holds the leader key; the proxy is silent or has no such server',
  'undrain-replica': 'the drain is not ours',
  'cancel-blocking-queries': 'the target holds the leader key; the backend (pid and start) no longer blocks replay',
  'terminate-blocking-queries': 'the target holds the leader key; the backend (pid and start) no longer blocks replay',
  'resume-replay':
    "the target holds the leader key or is primary; its SQL does not say that replay is paused, or no longer at the position that was seen; a recovery target is set (to resume would promote it); one of its settings is below the leader's, or its log names a setting (to resume would shut it down); the settings of the leader are not known; by itself: it is declared delayed, or replays late by recovery_min_apply_delay",
  'restart-member': `${NOT_PRIMARY}; its copy is being made; Patroni came back, or went away, since the plan was made; by the host driver: another member streams to it, or its key in etcd is renewed`,
  'start-member':
    'the host driver does not prove it stopped; its API or its SQL answers, or another member streams to it; another container bears its name; nobody is proven to lead, unless it provably led last and holds all that was written',
  'reinitialize-replica': `${NOT_PRIMARY}; there is no proven leader that accepts writes; its Patroni is silent; its copy is being made; it runs and streams; another member is being rebuilt; by itself: no sign that the copy is at fault (lost slot, WAL removed, parted history, checksum failure, or its log: damaged directory, PANIC, failed rewind), or its log names a full disk, a setting, a permission or the machine; a copy could not succeed: its log names the way to the leader, fewer than two WAL senders are free there, its volume is full or too small for the leader and a tenth, the volume of the leader has less than a tenth free, or a copy of this chain failed`,
  'proxy-nudge':
    'the target is not the proven leader; a server that would be called down lives and is not proven to be no primary',
  'open-traffic': 'the fence is not ours',
  'expedite-failover':
    'API or SQL of the leader are not silent; the host driver does not prove it stopped in this very pass; a replica still streams, or none confirms that it does not; the key was written again; another container bears its name',
  'fence-member':
    'the target does not run, was started again since the plan was made, or is another container; SQL does not say that it is primary. Frozen leader: its API answers, it lost the key, nobody may take over by the guards of a failover. Rogue: it holds the key, or the holder of the key is not proven to be primary',
  failover:
    'by itself: there is a leader; the API of the candidate is silent. By a person: another one leads than they saw; the leader holds its key and is not well; the candidate of a living leader is beyond the guards',
  switchover:
    'another one leads than was planned against, or none is proven to; the candidate is tagged nofailover, beyond maximum_lag_on_failover, on an older timeline, outside the sync set of synchronous mode, or does not run, stream and replay within lag.critical',
  'cancel-switchover':
    'the appointment is no longer the one that was seen; its time is less than loop_wait away, when Patroni no longer looks; no member answers',
};
