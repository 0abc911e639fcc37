import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cli } from '../../support/fake-cli.js';

const directory = mkdtempSync(join(tmpdir(), 'ekimi-completion-'));
const file = join(directory, 'ekimi.bash');

/** What a real bash offers after these words. */
function offered(line: string, from = file): readonly string[] {
  const words = line.split(' ');
  const script = `source ${from}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _ekimi; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { cwd: directory, encoding: 'utf8' })
    .split('\n')
    .filter((word) => word !== '');
}

describe('completion in bash', () => {
  beforeAll(async () => {
    writeFileSync(file, (await cli('completion bash')).out);
    writeFileSync(join(directory, 'ekimi.yaml'), '');
  });

  it.each([
    ['ekimi st', ['status']],
    ['ekimi journal ver', ['verify']],
    ['ekimi --config x.yaml journal ver', ['verify']],
    ['ekimi journal list --since 2h --ki', ['--kind']],
    ['ekimi status --config ekimi.y', ['ekimi.yaml']],
    ['ekimi why --at ', []],
    ['ekimi completion ', ['bash', 'zsh', 'fish', '--config', '--help']],
    ['ekimi report --format h', ['html']],
  ])('%s', (line, words) => {
    expect(offered(line)).toEqual(words);
  });

  it('offers every command, and what a hostile file is called is not run', () => {
    expect(offered('ekimi ')).toEqual(expect.arrayContaining(['run', 'status', 'why', 'approve', 'journal', 'report']));
    writeFileSync(join(directory, '$(touch ran)'), '');
    expect(offered('ekimi status --config $(')).toEqual(['$(touch ran)']);
    expect(offered('ekimi status --config ')).not.toContain('ran');
  });
});

describe('completion of names', () => {
  const script = join(directory, 'named.bash');
  const withMembers = (members: readonly string[]) =>
    cli('completion bash', {
      files: { './ekimi.yaml': '' },
      backend: {
        addresses: async () => ({
          apiUrl: '',
          journalDirectory: '',
          tokenFile: '',
          clusters: [{ scope: 's', members }],
        }),
      },
    });

  it('offers procedures and the members of the configuration, and of a hostile name nothing', async () => {
    const { out } = await withMembers(['patroni1', 'pg-2.example', '$(touch ran)', '"; touch ran; "', '`touch ran`']);
    writeFileSync(script, out);
    expect(offered('ekimi run-procedure rolling', script)).toEqual(['rolling-restart']);
    expect(offered('ekimi run-procedure switchover patr', script)).toEqual(['patroni1']);
    expect(offered('ekimi why pg', script)).toEqual(['pg-2.example']);
    expect(out).not.toContain('touch ran');
  });

  it('offers procedures where there is no configuration, and refuses one that was named and is not there', async () => {
    expect(offered('ekimi run-procedure rolling')).toEqual(['rolling-restart']);
    expect((await cli('completion bash --config gone.yaml')).exit).toBe(78);
  });
});

describe('ekimi token', () => {
  it('is another one each time, with the digest that the API compares', async () => {
    const [one, two] = await Promise.all([cli('token --json'), cli('token --json')]);
    const { token, sha256 } = JSON.parse(one.out) as { token: string; sha256: string };
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(createHash('sha256').update(token).digest('hex')).toBe(sha256);
    expect(two.out).not.toContain(token);
    expect((await cli('token')).out).toMatch(/tokenSha256: [0-9a-f]{64} \}\n$/);
  });
});

describe('completion in other shells', () => {
  it('is the same for zsh, by its own reader of such scripts', async () => {
    const [bash, zsh] = [(await cli('completion bash')).out, (await cli('completion zsh')).out];
    expect(zsh).toBe(`autoload -U +X bashcompinit && bashcompinit\n${bash}`);
  });

  it('names for fish what each option takes, and quotes what it says', async () => {
    const { out } = await cli('completion fish');
    expect(out.split('\n')[0]).toBe('complete -c ekimi -f');
    expect(out).toContain("-l config -r -F -d '");
    for (const line of out.trimEnd().split('\n')) expect(line.replace(/\\'/g, '').split("'").length % 2).toBe(1);
  });

  it('of a shell that is not known is refused with those that are', async () => {
    const { exit, err } = await cli('completion tcsh');
    expect(exit).toBe(64);
    expect(err).toContain('bash, zsh, fish');
  });
});
