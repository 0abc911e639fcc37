/** The direction of dependencies that the design fixes; a planted violation in test/unit/structure proves that each rule bites. */
const PURE = '^src/(model|assess|machines|decide|actions|procedures|verify|replay|history|ledger|words)/';
/** What a row's own sentence is made of: figures, moments, one request. */
const UNITS = '^src/words/(amounts|moments|request|loss|foreign|wait)\\.ts$';
module.exports = {
  forbidden: [
    {
      name: 'pure-stays-pure',
      comment: 'The core decides from values alone, so that every decision can be replayed.',
      severity: 'error',
      from: { path: PURE },
      to: { path: '^src/', pathNot: PURE },
    },
    {
      name: 'pure-no-builtins',
      comment: 'A Node built-in in the core is a hidden clock, file or network.',
      severity: 'error',
      from: { path: PURE },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-no-npm',
      severity: 'error',
      from: { path: '^src/(model|assess|decide|actions|procedures|verify|replay|history|ledger|words)/' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer'], pathNot: 'node_modules/zod/' },
    },
    {
      name: 'shapes-in-actions',
      comment: 'The shape of what a run is bound to is checked where an action is, and nowhere else in the core.',
      severity: 'error',
      from: { path: '^src/(model|assess|machines|decide|verify|replay|history|ledger|words)/' },
      to: { path: 'node_modules/zod/' },
    },
    {
      name: 'machines-only-xstate',
      severity: 'error',
      from: { path: '^src/machines/' },
      to: { dependencyTypes: ['npm', 'npm-dev'], pathNot: 'node_modules/xstate/' },
    },
    {
      name: 'rows-take-units-from-words',
      comment:
        'A decision never depends on how it is told: the core writes its rows with the units of words and knows none of its sentences.',
      severity: 'error',
      from: { path: PURE, pathNot: '^src/(words|history)/' },
      to: { path: '^src/words/', pathNot: UNITS },
    },
    {
      name: 'history-only-tells',
      comment: 'What happened is told to people; no decision is made of how it is told.',
      severity: 'error',
      from: { path: '^src/(model|assess|machines|decide|actions|procedures|verify|replay|ledger|kernel|observe)/' },
      to: { path: '^src/history/' },
    },
    {
      name: 'words-for-who-tells',
      comment: 'What speaks to the outside hands values on; those who face people find the words.',
      severity: 'error',
      from: { path: '^src/(adapters|ports|observe|config|journal|fleet)/' },
      to: { path: '^src/words/' },
    },
    {
      name: 'clients-in-adapters',
      comment: 'Only an adapter knows which client speaks to the outside.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(adapters|cli)/' },
      to: { path: 'node_modules/(etcd3|pg|undici|tar-stream|nodemailer)/' },
    },
    {
      name: 'adapters-know-ports',
      severity: 'error',
      from: { path: '^src/adapters/' },
      to: { path: '^src/', pathNot: '^src/(adapters|ports|model)/' },
    },
    {
      name: 'ports-know-model',
      severity: 'error',
      from: { path: '^src/ports/' },
      to: { path: '^src/', pathNot: '^src/(ports|model)/' },
    },
    {
      name: 'adapters-named-in-wiring',
      comment: 'One place where real parts are chosen; everything else takes ports.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(adapters/|app/wiring\\.ts|simulator/)' },
      to: { path: '^src/adapters/' },
    },
    {
      name: 'kernel-knows-no-caller',
      comment: 'One cluster, by ports alone: whoever runs it, shows it or simulates it comes from above.',
      severity: 'error',
      from: { path: '^src/kernel/' },
      to: { path: '^src/(app|fleet|api|cli|journal|simulator|docs)/' },
    },
    {
      name: 'fleet-knows-no-caller',
      severity: 'error',
      from: { path: '^src/fleet/' },
      to: { path: '^src/(app|api|cli|journal|simulator|docs)/' },
    },
    {
      name: 'app-is-the-top',
      comment: 'Only a command, the generator of the documentation and the app itself know the app.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app|cli|docs)/' },
      to: { path: '^src/app/' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '\\.d\\.ts$' },
      to: {},
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
