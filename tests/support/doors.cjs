/**
 * Which part may import which (docs/architecture.md): one way, no circles. tests/doors.test.ts plants a violation of
 * each rule.
 */
const features = 'auth|notes|changes|health|docs'
/** The files that know express, if only its types: who makes the application, its middleware and pages, the adaptor. */
const knowExpress =
  'app|compose|contract/express|docs/(assets|docs|fixed)|http/(error-handler|request-log|request-target|security-headers)'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [
          'src/main\\.ts$',
          '^src/generate/',
          '(audit|admin)/main\\.ts$',
          '^src/backup/(main|restore)\\.ts$',
          '^src/workers/reload\\.ts$',
          'browser/',
          'exchange\\.ts$',
          'src/text/worker\\.ts$',
        ],
      },
      to: {},
    },
    {
      name: 'only-the-top-imports-the-top',
      severity: 'error',
      from: { pathNot: '^src/((main|start|compose)\\.ts$|workers/)' },
      to: { path: '^src/(main|start|compose|app|features|listener|ground|lifecycle|overload|open-streams)\\.ts$' },
    },
    {
      name: 'no-feature-imports-a-feature',
      severity: 'error',
      from: { path: `^src/(${features})/` },
      to: { path: `^src/(${features})/`, pathNot: ['^src/$1/', `^src/(${features})/core/`] },
    },
    {
      // A core has rows, locks and rules; requests and replies are for the handlers.
      name: 'a-core-knows-no-handler',
      severity: 'error',
      from: { path: `^src/(${features})/core/` },
      to: { path: 'handlers\\.ts$' },
    },
    {
      // The features record their changes there, so it stands below them; what it reads of notes are rows.
      name: 'the-change-log-knows-no-feature',
      severity: 'error',
      from: { path: '^src/changes/core/' },
      to: { path: `^src/(${features})/`, pathNot: '^src/changes/core/' },
    },
    {
      name: 'features-know-contract-types-only',
      severity: 'error',
      from: { path: `^src/(${features})/` },
      to: { path: '^src/contract/', pathNot: '^src/contract/(types|bind)\\.ts$' },
    },
    {
      name: 'the-platform-knows-no-feature',
      severity: 'error',
      from: { path: '^src/(contract|http|db|scheduling|text)/' },
      to: { path: `^src/(${features})/` },
    },
    {
      name: 'http-knows-nothing',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: '^src/', pathNot: '^src/http/' },
    },
    {
      // Development tools must not be needed by the server.
      name: 'generate-is-for-development',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/generate/' },
      to: { path: '^src/generate/' },
    },
    {
      name: 'scheduling-knows-nothing',
      severity: 'error',
      from: { path: '^src/scheduling/' },
      to: { path: '^src/', pathNot: '^src/scheduling/' },
    },
    {
      name: 'quotas-know-nothing',
      severity: 'error',
      from: { path: '^src/rate-limits/' },
      to: { path: '^src/', pathNot: '^src/(rate-limits/|(contract/request/rate-limits|startup-error)\\.ts)' },
    },
    {
      name: 'prom-client-in-metrics-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/metrics/' },
      to: { path: 'node_modules/prom-client/' },
    },
    {
      name: 'text-knows-no-note',
      severity: 'error',
      from: { path: '^src/text/' },
      to: { path: '^src/', pathNot: '^src/(text|scheduling|http)/' },
    },
    {
      // Work that grows with a text goes through text-work.ts, which estimates it and moves it off the event loop.
      name: 'heavy-text-work-through-its-jobs-only',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/text/', '/merge-note\\.ts$'] },
      to: { path: '^src/text/', pathNot: ['^src/text/text-work\\.ts$'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'db-knows-nothing',
      severity: 'error',
      from: { path: '^src/db/' },
      to: { path: '^src/', pathNot: '^src/(db/|startup-error\\.ts)' },
    },
    {
      name: 'contract-knows-http-only',
      severity: 'error',
      from: { path: '^src/contract/' },
      to: { path: '^src/', pathNot: '^src/((contract|http)/|(edit-distance|email-address)\\.ts)' },
    },
    {
      name: 'kysely-in-db-and-queries-only',
      severity: 'error',
      // What the operator is told of a whole instance is no feature's.
      from: {
        path: '^src/',
        pathNot: ['^src/db/', '^src/admin/(totals|usage)\\.ts$', `^src/(${features})/(?!.*handlers\\.ts$)`],
      },
      to: { path: 'node_modules/kysely/' },
    },
    {
      name: 'openapi-backend-in-its-seam-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/contract/backend\\.ts$' },
      to: { path: 'node_modules/openapi-backend/' },
    },
    {
      // Even its types: a feature knows no HTTP. The middleware, the pages and the composition root are those named.
      name: 'express-where-it-is-named-only',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${knowExpress})\\.ts$` },
      to: { path: 'node_modules/(@types/)?express(-serve-static-core)?/' },
    },
    {
      // Code that can make a router could reply outside the contract.
      name: 'routes-in-app-and-docs-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app|docs/docs)\\.ts$' },
      to: { path: 'node_modules/express/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-dev-dependency-at-run-time',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/generate/', 'build-redoc\\.ts$'] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only', 'npm'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
