/** What runs a member, by the host driver: the only channel that can prove that a member does not run. */
export interface HostStatus {
  readonly state: 'running' | 'stopped' | 'paused' | 'restarting' | 'absent';
  /** The driver's own identity of the thing (container id); a changed id is another thing under an old name. */
  readonly id: string;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
  readonly restartCount: number;
}
