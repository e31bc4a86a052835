import { execFile } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const PROJECT = join(import.meta.dirname, '..')
const { forbidden } = createRequire(import.meta.url)('./support/doors.cjs') as {
  forbidden: readonly { name: string }[]
}

/** For each door, a file and a forbidden import to plant in it. */
const breaks: readonly [door: string, file: string, imported: string][] = [
  ['no-circles', 'src/http/problem-kinds.ts', './problem.ts'],
  ['only-the-top-imports-the-top', 'src/http/body.ts', '../app.ts'],
  ['no-feature-imports-a-feature', 'src/auth/handlers.ts', '../notes/purge.ts'],
  ['a-core-knows-no-handler', 'src/notes/core/note.ts', '../trash/trash-handlers.ts'],
  ['the-change-log-knows-no-feature', 'src/changes/core/record-changes.ts', '../../auth/scopes.ts'],
  ['features-know-contract-types-only', 'src/health/handlers.ts', '../contract/router.ts'],
  ['the-platform-knows-no-feature', 'src/contract/router.ts', '../auth/scopes.ts'],
  ['http-knows-nothing', 'src/http/cursor.ts', '../log.ts'],
  ['db-knows-nothing', 'src/db/ping.ts', '../http/problem.ts'],
  ['scheduling-knows-nothing', 'src/scheduling/fair-gate.ts', '../http/problem.ts'],
  ['quotas-know-nothing', 'src/rate-limits/local-quotas.ts', '../http/problem.ts'],
  ['text-knows-no-note', 'src/text/find.ts', '../notes/core/bounds.ts'],
  ['heavy-text-work-through-its-jobs-only', 'src/notes/editing/edit-handlers.ts', '../../text/diff.ts'],
  ['contract-knows-http-only', 'src/contract/compile.ts', '../db/ping.ts'],
  ['kysely-in-db-and-queries-only', 'src/notes/editing/batch-handlers.ts', 'kysely'],
  ['prom-client-in-metrics-only', 'src/http/request-log.ts', 'prom-client'],
  ['openapi-backend-in-its-seam-only', 'src/http/exchange.ts', 'openapi-backend'],
  ['openapi-backend-in-its-seam-only', 'src/contract/dispatcher.ts', 'openapi-backend'],
  ['express-where-it-is-named-only', 'src/contract/router.ts', 'express'],
  ['express-where-it-is-named-only', 'src/health/handlers.ts', 'express-serve-static-core'],
  ['routes-in-app-and-docs-only', 'src/http/request-log.ts', 'express'],
  ['routes-in-app-and-docs-only', 'src/docs/assets.ts', 'express'],
  ['no-dev-dependency-at-run-time', 'src/log.ts', 'vitest'],
  ['generate-is-for-development', 'src/docs/code-samples.ts', '../generate/samples/request.ts'],
]
const LONELY = 'src/http/lonely.ts'

test('each door reports an import that it forbids, and every door has a case here', { timeout: 60_000 }, async () => {
  const copy = mkdtempSync(join(tmpdir(), 'notes-api-doors-'))
  try {
    for (const name of ['src', 'generated', 'package.json', 'tsconfig.json'])
      cpSync(join(PROJECT, name), join(copy, name), { recursive: true })
    symlinkSync(join(PROJECT, 'node_modules'), join(copy, 'node_modules'))
    for (const [, file, imported] of breaks) appendFileSync(join(copy, file), `\nimport '${imported}'\n`)
    writeFileSync(join(copy, LONELY), 'export const lonely = true\n')
    const config = join(PROJECT, 'tests/support/doors.cjs')
    const cruise = join(PROJECT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
    const options = { cwd: copy, maxBuffer: 2 ** 26 }
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [cruise, '--config', config, '--output-type', 'json', 'src'],
      options,
    )
    const { summary } = JSON.parse(stdout) as {
      summary: { violations: readonly { rule: { name: string }; from: string }[] }
    }
    const found = new Set(summary.violations.map(({ rule, from }) => `${rule.name} ${from}`))
    const planted = [...breaks.map(([door, file]) => `${door} ${file}`), `no-orphans ${LONELY}`]
    expect(planted.filter((one) => !found.has(one))).toEqual([])
    expect(new Set(planted.map((one) => one.split(' ')[0]))).toEqual(new Set(forbidden.map(({ name }) => name)))
  } finally {
    rmSync(copy, { recursive: true })
  }
})

/** dependency-cruiser takes `import express, { type Express }` for an import of types only. */
const IMPORTS_EXPRESS = /^import (?!type\b)[^']*'express'|\b(?:import|require)\('express'\)/m

test('only the application and the pages import anything of express that is no type', () => {
  for (const planted of [
    `import express, { type Express } from 'express'`,
    `import 'express'`,
    `const { Router } = await import('express')`,
    `import { json,\n  type Request } from 'express'`,
  ])
    expect(`import { a } from './a.ts'\n${planted}\n`).toMatch(IMPORTS_EXPRESS)
  expect(`import type { Request } from 'express'`).not.toMatch(IMPORTS_EXPRESS)
  const importing = globSync('src/**/*.ts', { cwd: PROJECT }).filter((file) =>
    IMPORTS_EXPRESS.test(readFileSync(join(PROJECT, file), 'utf8')),
  )
  expect(importing.toSorted()).toEqual(['src/app.ts', 'src/docs/docs.ts'])
})
