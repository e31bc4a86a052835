/**
 * A vitest that stays alive, so that a run of tests costs neither its start nor its global setup:
 * `node tests/lies/session.ts [CONFIG]`. The process that forks it (test-session.ts) sends one run at a time.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { createVitest } from 'vitest/node'
import type { SessionReady, SessionReply, SessionRun } from './test-session.ts'

/** Where the reporter writes; the copies of the project have no other use for it. */
const REPORT = resolve('node_modules/.vitest-report.json')

const [config] = process.argv.slice(2)
const vitest = await createVitest('test', {
  ...(config !== undefined && { config }),
  watch: false,
  bail: 1,
  maxWorkers: 1,
  coverage: { enabled: false },
  reporters: [['json', { outputFile: REPORT }]],
})
await vitest.standalone()
// The global setup comes before the first lie, which must not be part of what the setup leaves to all later runs.
await vitest.runTestSpecifications([])

process.on('message', (message: SessionRun | 'close') => void (message === 'close' ? close() : answer(message)))
process.on('disconnect', () => process.exit(1))
process.send?.({ setupFiles: importedFiles() } satisfies SessionReady)

async function answer({ files, test, changed }: SessionRun): Promise<void> {
  // Modules are loaded afresh by each run, but vite keeps what it made of their text.
  for (const file of changed) vitest.invalidateFile(resolve(file))
  rmSync(REPORT, { force: true })
  process.exitCode = 0
  const found = await vitest.globTestSpecifications([...files])
  const options = test === undefined ? {} : { testNames: [test] }
  // This, unlike runTestSpecifications, tells the global setup that another run begins.
  await vitest.rerunTestSpecifications(
    found.map(({ project, moduleId }) => project.createSpecification(moduleId, options)),
  )
  const report = existsSync(REPORT) ? readFileSync(REPORT, 'utf8') : undefined
  process.send?.({ code: process.exitCode, report } satisfies SessionReply)
}

/** Of all that vite has transformed by now. */
function importedFiles(): string[] {
  const graphs = vitest.projects.flatMap(({ vite }) => Object.values(vite.environments).map((one) => one.moduleGraph))
  return [...new Set(graphs.flatMap((graph) => [...graph.fileToModulesMap.keys()]))].map((file) =>
    relative(process.cwd(), file),
  )
}

async function close(): Promise<void> {
  await vitest.close()
  process.exit(0)
}
