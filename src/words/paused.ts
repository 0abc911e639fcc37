/** What a kill switch stops, by its subject: `global`, `cluster`, `member:NAME` or `action:NAME`. A bare "cluster is off" reads as an outage. */
export function pausedFor(subject: string): string {
  if (subject === 'global') return 'for all clusters';
  if (subject === 'cluster') return 'for this cluster';
  return `for ${subject.replace(':', ' ')}`;
}
