/** Who may import whom: the inside knows nothing of the outside. */
const rule = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });

module.exports = {
  forbidden: [
    rule('no-cycles', {}, { circular: true }, 'a cycle has no reading order'),
    rule(
      'domain-is-pure',
      { path: '^src/domain/' },
      {
        pathNot: [
          '^src/domain/',
          '(^|/)node_modules/(@types/)?(zod|yaml|luxon|croner)/',
          '^(node:)?(buffer|net|util|crypto)$',
        ],
      },
      'domain: values and decisions, no I/O',
    ),
    rule(
      'ports-are-types',
      { path: '^src/ports/' },
      { dependencyTypesNot: ['type-only'] },
      'ports: interfaces the inside asks for',
    ),
    rule(
      'inside-knows-no-outside',
      { path: '^src/(core|operations)/' },
      {
        path: [
          '^src/(http|cli|drivers|adapters)/',
          '^src/[^/]+\\.ts$',
          '(^|/)node_modules/(express|typeorm|pg|ssh2|axios)/',
        ],
      },
      'core and operations ask ports',
    ),
    rule(
      'edges-ask-the-inside',
      { path: '^src/(http|cli)/' },
      { path: ['^src/(drivers|adapters)/', '^src/[^/]+\\.ts$'] },
      'http and cli translate; they reach no driver or adapter',
    ),
    rule(
      'outside-implements-ports',
      { path: '^src/(drivers|adapters)/' },
      { path: ['^src/(core|operations|http|cli)/', '^src/[^/]+\\.ts$'] },
      'drivers and adapters know ports and domain',
    ),
    rule(
      'drivers-and-adapters-apart',
      { path: '^src/drivers/' },
      { path: '^src/adapters/' },
      'drivers and adapters do not reach each other',
    ),
    rule(
      'drivers-apart',
      { path: '^src/drivers/([^/]+)/' },
      { path: '^src/drivers/', pathNot: ['^src/drivers/$1/', '^src/drivers/(driver|subprocess)\\.ts$'] },
      'a driver reaches no other driver',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
