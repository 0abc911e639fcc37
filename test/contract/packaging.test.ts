import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Service } from 'kubernetes-models/v1/Service';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { ROUTES } from '../../src/api/routes.js';
import { loadConfig } from '../../src/config/load-config.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'ekimi-packaging-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const answers = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;

/** Loud, counted. */
function lacks(what: string, has: boolean): boolean {
  if (!has) console.warn(`\n*** SKIPPED: ${what} is not on this machine, so what it judges is not judged ***\n`);
  return !has;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}
const KINDS = { StatefulSet, ConfigMap, Service } as Record<
  string,
  new (data: Manifest) => { validate: () => void } | undefined
>;
const manifests = (path: string): Manifest[] =>
  parseAllDocuments(read(path)).map((document) => document.toJS() as Manifest);

function validate(manifest: Manifest): void {
  const Kind = KINDS[manifest.kind];
  if (Kind === undefined) throw new Error(`no schema for ${manifest.kind}`);
  new Kind(manifest)?.validate();
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface StatefulSetLike extends Manifest {
  readonly spec: {
    readonly selector: { readonly matchLabels: object };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly volumes?: readonly { readonly name: string }[];
        readonly containers: readonly {
          readonly name: string;
          readonly ports?: readonly { readonly name: string }[];
          readonly volumeMounts?: readonly {
            readonly name: string;
            readonly mountPath: string;
            readonly readOnly?: boolean;
          }[];
          readonly livenessProbe?: Probe;
          readonly readinessProbe?: Probe;
        }[];
      };
    };
  };
}
interface ServiceLike {
  readonly spec: { readonly selector: object; readonly ports: readonly { readonly targetPort: string }[] };
}
const MODULES: Readonly<Record<string, string>> = {
  StatefulSet: 'apps/v1/StatefulSet',
  ConfigMap: 'v1/ConfigMap',
  Service: 'v1/Service',
};

/** What the compiler says of them, given as literals of the types of their kinds. */
function unknownIn(all: readonly Manifest[]): readonly string[] {
  const at = mkdtempSync(join(folder, 'kinds-'));
  symlinkSync(join(ROOT, 'node_modules'), join(at, 'node_modules'));
  writeFileSync(join(at, 'package.json'), '{"type":"module"}');
  const path = join(at, 'manifests.ts');
  const lines = all.map(({ kind, ...manifest }, index) => {
    const type = `import('kubernetes-models/${MODULES[kind] ?? kind}').I${kind}`;
    return `export const at${index}: ${type} = ${JSON.stringify({ kind, ...manifest })};`;
  });
  writeFileSync(path, lines.join('\n'));
  const program = ts.createProgram([path], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** What a probe, which has no token, may ask. */
const OPEN_PATHS = ROUTES.filter(({ access }) => access === 'open').map(({ path }) => path);

describe('Kubernetes', () => {
  const FILES = ['config/kubernetes/ekimi.yaml', 'config/kubernetes/sidecar.yaml'];

  it.each(FILES)('%s fits the schemas of its kinds', (path) => {
    const all = manifests(path);
    expect(all.length).toBeGreaterThan(0);
    for (const manifest of all) validate(manifest);
  });

  it('a manifest with a wrong type does not fit', () => {
    const [set] = manifests('config/kubernetes/sidecar.yaml');
    const wrong = structuredClone(set) as unknown as { spec: { replicas: unknown } } & Manifest;
    wrong.spec.replicas = 'three';
    expect(() => {
      validate(wrong);
    }).toThrow(/replicas/);
  });

  it('they have no field that these kinds do not have: the schemas let a misspelt one pass, and a cluster drops it', () => {
    expect(unknownIn(FILES.flatMap(manifests))).toEqual([]);
    const [set] = manifests('config/kubernetes/sidecar.yaml');
    const wrong = structuredClone(set) as unknown as StatefulSetLike;
    (wrong.spec.template.spec.containers[0] as unknown as Record<string, unknown>)['livenesProbe'] = {};
    expect(unknownIn([wrong]).join()).toContain('livenesProbe');
  });

  // The schemas say nothing of names that refer to each other, by which a pod starts without its files or a service leads nowhere.
  it.each(FILES)('what %s refers to is there', (path) => {
    const all = manifests(path);
    const sets = all.filter(({ kind }) => kind === 'StatefulSet') as unknown as StatefulSetLike[];
    expect(sets).toHaveLength(1);
    for (const { spec } of sets) {
      const { containers, volumes = [] } = spec.template.spec;
      const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
      const known = [...volumes.map(({ name }) => name), ...claims];
      expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
      for (const { name, ports = [], volumeMounts = [], livenessProbe, readinessProbe } of containers) {
        expect(known, name).toEqual(expect.arrayContaining(volumeMounts.map((mount) => mount.name)));
        for (const probe of [livenessProbe, readinessProbe]) {
          if (probe === undefined) continue;
          expect(ports.map((port) => port.name)).toContain(probe.httpGet.port);
          expect(OPEN_PATHS).toContain(probe.httpGet.path);
        }
      }
      const own = containers.find(({ name }) => name === 'ekimi');
      const writable = own?.volumeMounts?.filter(({ readOnly }) => readOnly !== true).map(({ mountPath }) => mountPath);
      expect(writable).toEqual(['/var/lib/ekimi']);
      for (const service of all.filter(({ kind }) => kind === 'Service') as unknown as ServiceLike[]) {
        expect(spec.template.metadata.labels).toMatchObject(service.spec.selector);
        const names = containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name));
        for (const { targetPort } of service.spec.ports) expect(names).toContain(targetPort);
      }
    }
  });

  it('the configuration in the ConfigMap is one that the daemon takes', () => {
    const map = manifests(FILES[0] ?? '').find(({ kind }) => kind === 'ConfigMap') as unknown as {
      data: Record<string, string>;
    };
    const secrets = { postgres: 'secret', 'operator-token': 'a'.repeat(32), 'viewer-token': 'b'.repeat(32) };
    for (const [name, text] of Object.entries(secrets)) writeFileSync(join(folder, name), text);
    for (const [name, text] of Object.entries(map.data))
      writeFileSync(join(folder, name), text.replaceAll('/etc/ekimi-secrets', folder));
    const loaded = loadConfig(join(folder, 'ekimi.yaml'), {});
    expect(loaded).toMatchObject({ ok: true });
  });

  it('the image, its user and its volume are those of the Dockerfile', () => {
    const dockerfile = read('Dockerfile');
    const version = (JSON.parse(read('package.json')) as { version: string }).version;
    for (const path of FILES) {
      const text = read(path);
      expect(text).toContain(`image: ekimi:${version}`);
      expect(text).toContain('runAsUser: 10001');
      expect(text).toContain('mountPath: /var/lib/ekimi');
    }
    expect(dockerfile).toContain('--uid 10001');
    expect(dockerfile).toContain('VOLUME /var/lib/ekimi');
  });
});

describe('Compose', () => {
  const compose = [['docker', 'compose'], ['docker-compose']].find(([program = '', ...args]) =>
    answers(program, ...args, 'version'),
  );

  it.skipIf(lacks('docker compose', compose !== undefined))('the file is one that Compose takes', () => {
    const [program = '', ...args] = compose ?? [];
    const text = execFileSync(program, [...args, '--file', join(ROOT, 'config/compose/compose.yaml'), 'config'], {
      encoding: 'utf8',
    });
    const { services } = parse(text) as { services: { ekimi: Record<string, unknown> } };
    expect(services.ekimi).toMatchObject({ read_only: true, cap_drop: ['ALL'], network_mode: 'host' });
  });

  it('it runs the image of this version, and writes where the image has its volume and nowhere else', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const { services, volumes } = parse(read('config/compose/compose.yaml')) as {
      services: { ekimi: { image: string; volumes: string[]; security_opt: string[]; stop_grace_period: string } };
      volumes: object;
    };
    const { image, volumes: mounts, security_opt: security, stop_grace_period: patience } = services.ekimi;
    expect(image).toBe(`ekimi:${version}`);
    expect(security).toEqual(['no-new-privileges:true']);
    const split = mounts.map((mount) => mount.split(':'));
    expect(split.filter(([, , how]) => how !== 'ro').map(([from, to]) => [from, to])).toEqual([
      ['ekimi-data', '/var/lib/ekimi'],
    ]);
    expect(Object.keys(volumes)).toEqual(['ekimi-data']);
    expect(split.map(([, to]) => to)).toContain('/etc/ekimi');
    // A request on its way is waited for, then tenure is given up: killed before that, nobody acts until its lease ends.
    expect(parseInt(patience, 10)).toBeGreaterThanOrEqual(10);
  });
});

describe('systemd', () => {
  const unit = join(ROOT, 'config/systemd/ekimi.service');
  const none = lacks('systemd-analyze', answers('systemd-analyze', '--version'));
  // What it names must exist on the machine that judges it.
  const here = (): string => {
    const path = join(folder, 'ekimi.service');
    writeFileSync(path, readFileSync(unit, 'utf8').replaceAll('/usr/bin/node', process.execPath));
    return path;
  };

  it.skipIf(none)('systemd finds nothing to say about the unit', () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', here()], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it.skipIf(none)('its exposure is below 2 of 10, and with the drop-in for sudo below 7', () => {
    const exposure = (path: string): number => {
      const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', path], {
        encoding: 'utf8',
      });
      return Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
    };
    expect(exposure(here())).toBeLessThan(2);
    const both = join(folder, 'with-sudo.service');
    const dropIn = read('config/systemd/host-driver.conf').replace('[Service]', '');
    writeFileSync(both, readFileSync(here(), 'utf8').replace('[Install]', `${dropIn}\n[Install]`));
    expect(exposure(both)).toBeLessThan(7);
  });

  it('it runs the daemon with the flags of the image', () => {
    const flags = /ENTRYPOINT \["node", (.*), "\/app/.exec(read('Dockerfile'))?.[1]?.replaceAll(/[",]/g, '');
    expect(flags).toMatch(/^--/);
    expect(readFileSync(unit, 'utf8')).toContain(`ExecStart=/usr/bin/node ${flags} /opt/ekimi/dist/cli/main.js run`);
  });
});

describe('the package', () => {
  const isBuilt = existsSync(join(ROOT, 'dist/cli/main.js'));
  it.skipIf(lacks('a build (npm run build)', isBuilt))(
    'has the program, its configuration and its pages, and nothing else; unpacked anywhere it starts',
    () => {
      execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT, stdio: 'ignore' });
      const { version } = JSON.parse(read('package.json')) as { version: string };
      execFileSync('tar', ['-xzf', join(folder, `ekimi-${version}.tgz`), '-C', folder]);
      const files = execFileSync('find', ['.', '-type', 'f'], { cwd: join(folder, 'package'), encoding: 'utf8' })
        .trim()
        .split('\n');
      const outside = files.filter(
        (file) =>
          !/^\.\/(dist\/(cli|bundle|api\/dashboard)|config|docs)\/|^\.\/(README\.md|LICENSE|CHANGELOG\.md|package\.json)$/.test(
            file,
          ),
      );
      expect(outside).toEqual([]);
      expect(files).toEqual(expect.arrayContaining(['./dist/cli/main.js', './config/systemd/ekimi.service']));
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'package', 'node_modules'));
      const run = (...args: readonly string[]): string =>
        execFileSync(process.execPath, [join(folder, 'package/dist/cli/main.js'), ...args], { encoding: 'utf8' });
      expect(run('--version').trim()).toBe(version);
      expect(run('config', 'check', '--config', join(folder, 'package/config/ekimi.example.yaml'))).toMatch(
        /email-cluster/,
      );
    },
  );
});
