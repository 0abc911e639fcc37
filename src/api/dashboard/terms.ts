/** What a word of the trade means here, in one sentence. Shown on hover and read out; the long form is docs/GLOSSARY.md. */
export const TERMS = {
  'leader key':
    'The key in etcd that says who leads. Patroni on the leader renews it; when it runs out, replicas race for it.',
  lease: 'How long the leader key still lasts if nobody renews it.',
  timeline: 'PostgreSQL counts one up with each promotion. Members on different timelines have different histories.',
  TL: 'Timeline: PostgreSQL counts one up with each promotion. Members on different timelines have different histories.',
  lag: 'How many bytes of WAL a replica has not replayed yet, measured against the leader.',
  'read pool': 'Servers to which HAProxy sends reads.',
  budget: 'How many actions Ekimi may still begin by itself in this hour (limits.perHour).',
  breaker:
    'Opens when the budget is spent. While it is open, repairs wait for a person, who closes it; an expedited failover and what costs nothing still go.',
  pass: 'One round: look at everything, decide, perhaps send one request. The figure is how long the last one took.',
  tenure: 'Only the instance that holds tenure in etcd may send anything. The others watch.',
  epoch: 'Counts the holders of tenure. A request of an earlier epoch is refused.',
  grace: 'How long a problem must be seen before anything is done about it.',
  gate: 'One condition that an action must pass before it is sent. Every gate is asked, and every "no" is shown.',
  'kill switch': 'A person turned part of Ekimi off. What is paused is watched and explained; nothing is sent for it.',
  remediation: 'One try of one action, from its first request to its verdict.',
  incident: 'One trouble from its first sight to its end, with all that followed from it.',
  'pending restart': 'A changed setting takes effect only when PostgreSQL restarts.',
  peers: 'What other members say of this one.',
  drain: 'The proxy sends no new sessions to it; those that are open may end.',
} as const satisfies Readonly<Record<string, string>>;

export type TermName = keyof typeof TERMS;
