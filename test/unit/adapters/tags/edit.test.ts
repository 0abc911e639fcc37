import { describe, expect, it } from 'vitest';
import { noloadbalanceIn, withNoloadbalance } from '../../../../src/adapters/tags/edit.js';

const FILE = `# Patroni's configuration of the member patroni1.
scope: 'email-cluster'   # quoted on purpose
name: patroni1

restapi: {listen: "0.0.0.0:8008",  connect_address: patroni1:8008}

bootstrap:
  dcs:
    ttl: 30
    postgresql: &shared
      parameters:
        hot_standby: "on"
        long: >-
          folded
          text

postgresql:
  authentication:
    superuser: {username: postgres, password: 'p:#w'}

# What this member may be used for.
tags:
  nofailover: false
  noloadbalance: false # true: /replica answers 503
  clonefrom:   no

# the end
watchdog: {mode: off}
`;

const changed = (text: string, value: boolean): string => {
  const edit = withNoloadbalance(text, value);
  if (edit.kind !== 'changed') throw new Error(JSON.stringify(edit));
  return edit.text;
};

describe('a whole patroni.yml', () => {
  it('changes in the one token and in no other byte', () => {
    expect(changed(FILE, true)).toBe(FILE.replace('noloadbalance: false #', 'noloadbalance: true #'));
  });

  it('is what it was after there and back', () => {
    expect(changed(changed(FILE, true), false)).toBe(FILE);
  });

  it('with Windows line ends or a byte order mark keeps them', () => {
    for (const text of [FILE.replaceAll('\n', '\r\n'), `\uFEFF${FILE}`]) {
      expect(changed(text, true)).toBe(text.replace('noloadbalance: false #', 'noloadbalance: true #'));
    }
  });

  it('that says so already is left alone', () => {
    expect(withNoloadbalance(FILE, false)).toEqual({ kind: 'same' });
    expect(withNoloadbalance('scope: x\n', false)).toEqual({ kind: 'same' });
  });
});

describe('the value', () => {
  it.each([
    ['tags: {nofailover: false, noloadbalance: false}\n', 'tags: {nofailover: false, noloadbalance: true}\n'],
    ['tags:\n    noloadbalance:   no   # why\n', 'tags:\n    noloadbalance:   true   # why\n'],
    ['tags:\n  noloadbalance:\n  nosync: true\n', 'tags:\n  noloadbalance: true\n  nosync: true\n'],
    ['tags:\n  noloadbalance:', 'tags:\n  noloadbalance: true'],
    ['tags:\n  noloadbalance: ~ # none\n', 'tags:\n  noloadbalance: true # none\n'],
    ['tags: &t\n  noloadbalance: false\n', 'tags: &t\n  noloadbalance: true\n'],
    ['tags:\n  "noloadbalance": false\n', 'tags:\n  "noloadbalance": true\n'],
    ['no: &n false\ntags:\n  noloadbalance: *n\n', 'no: &n false\ntags:\n  noloadbalance: true\n'],
    ['{"scope": "x", "tags": {"noloadbalance": false}}', '{"scope": "x", "tags": {"noloadbalance": true}}'],
  ])('in %j is replaced where it stands', (before, after) => {
    expect(changed(before, true)).toBe(after);
  });

  it.each([
    ['noloadbalance: true', true],
    ['noloadbalance: on', true],
    ['noloadbalance: Yes', true],
    ['noloadbalance: 1', true],
    ['noloadbalance: "false"', true],
    ['noloadbalance: no', false],
    ['noloadbalance: 0', false],
    ['noloadbalance: ""', false],
    ['noloadbalance:', false],
    ['nosync: true', false],
  ])('"%s" is %s, as PyYAML and Patroni read it', (line, value) => {
    expect(noloadbalanceIn(`tags:\n  ${line}\n`)).toEqual({ kind: 'value', value });
  });

  it('that is quoted becomes a plain boolean', () => {
    expect(changed('tags:\n  noloadbalance: "false"\n', false)).toBe('tags:\n  noloadbalance: false\n');
  });

  it('that comes by a merge is overridden in the mapping itself', () => {
    const text = 'base: &b\n  noloadbalance: false\ntags:\n  <<: *b\n  nosync: true\n';
    expect(changed(text, true)).toBe(
      'base: &b\n  noloadbalance: false\ntags:\n  noloadbalance: true\n  <<: *b\n  nosync: true\n',
    );
  });
});

describe('a file without the tag', () => {
  it.each([
    ['tags:\n  nofailover: false # keep\n', 'tags:\n  noloadbalance: true\n  nofailover: false # keep\n'],
    ['tags: {nosync: true}\n', 'tags: {noloadbalance: true, nosync: true}\n'],
    ['tags: {}\n', 'tags: { noloadbalance: true }\n'],
    ['tags:\nscope: x\n', 'tags: { noloadbalance: true }\nscope: x\n'],
    ['tags: # none yet\nscope: x\n', 'tags: { noloadbalance: true } # none yet\nscope: x\n'],
    ['tags: null\n', 'tags: { noloadbalance: true }\n'],
    ['scope: x\n', 'scope: x\ntags:\n  noloadbalance: true\n'],
    ['scope: x', 'scope: x\ntags:\n  noloadbalance: true\n'],
    ['scope: x\n\n# the end\n', 'scope: x\ntags:\n  noloadbalance: true\n\n# the end\n'],
    ['---\nscope: x\n...\n', '---\nscope: x\ntags:\n  noloadbalance: true\n...\n'],
    ['  scope: x\n  name: y\n', '  scope: x\n  name: y\n  tags:\n    noloadbalance: true\n'],
    ['scope: x\r\n', 'scope: x\r\ntags:\r\n  noloadbalance: true\r\n'],
    ['{"scope": "x"}\n', '{"tags": { "noloadbalance": true }, "scope": "x"}\n'],
  ])('%j gets it', (before, after) => {
    expect(changed(before, true)).toBe(after);
  });
});

describe('a file that cannot be edited safely is refused, without a word of it in the reason', () => {
  it.each([
    ['', /mapping of settings/],
    ['- a\n- b\n', /mapping of settings/],
    ['just words', /mapping of settings/],
    ['scope: x\n  password: secret\n', /not valid YAML: .* line/],
    ['tags:\n  noloadbalance: false\n  noloadbalance: false\n', /DUPLICATE_KEY in line 3/],
    ['password: secret\n---\ntags: {}\n', /MULTIPLE_DOCS/],
    ['tags: [noloadbalance]\n', /"tags" are not a mapping/],
    ['tags: secret\n', /"tags" are not a mapping/],
    ['base: &b {nosync: true}\ntags: *b\n', /cannot be edited in place/],
  ])('%j', (text, reason) => {
    const edit = withNoloadbalance(text, true);
    expect(edit.kind).toBe('refused');
    expect(edit.kind === 'refused' && edit.reason).toMatch(reason);
    expect(edit.kind === 'refused' && edit.reason).not.toContain('secret');
  });

  it('a mapping where the value should be', () => {
    expect(withNoloadbalance('tags:\n  noloadbalance: {}\n', false)).toMatchObject({ kind: 'refused' });
  });

  it('an anchor on the value that is used elsewhere', () => {
    const text = 'tags:\n  noloadbalance: &n false\nother: *n\n';
    expect(withNoloadbalance(text, true)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('more than tags.noloadbalance'),
    });
  });

  it('an anchored mapping that is used elsewhere', () => {
    const text = 'tags: &t\n  noloadbalance: false\nother: *t\n';
    expect(withNoloadbalance(text, true)).toMatchObject({ kind: 'refused' });
  });
});

describe('a patroni.yml with an alias or a merge that leads nowhere', () => {
  it.each(['<<: *defaults\nname: pg1\n', 'tags:\n  <<: *defaults\n', 'tags: *missing\n'])(
    '[A2] is refused and throws nothing: %j',
    (text) => {
      expect(noloadbalanceIn(text)).toMatchObject({ kind: 'refused' });
      expect(withNoloadbalance(text, true)).toMatchObject({ kind: 'refused' });
    },
  );
});
