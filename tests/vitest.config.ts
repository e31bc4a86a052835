import { defineConfig } from 'vitest/config'

/** Tests that start processes and browsers, or take their time on purpose. CI runs them; `npm run check` does not. */
const slow = [
  'tests/**/*.browser.test.ts',
  'tests/admin/**',
  'tests/backup/{automatic,command,idle-server,restore}.test.ts',
  'tests/auth/{guard,key-rotation}.test.ts',
  'tests/clients/first-command.test.ts',
  'tests/contract/{lint,malformed,stories}.test.ts',
  'tests/contract/evolution/replay.test.ts',
  'tests/db/{embedded,tls}.test.ts',
  'tests/deployment/**',
  'tests/docs/code-samples.test.ts',
  'tests/lies/run.test.ts',
  'tests/notes/{full-notes,history-size,idempotency-crash}.test.ts',
  'tests/text/merge-properties.test.ts',
  'tests/process/**',
  'tests/sovereign/run.test.ts',
]

/**
 * Tests that move the clock of their process. New ids never go back in time, so ids made after the clock was restored
 * would still lie in the future. These files are their own project, so no other tests share their processes.
 */
const moveClock = ['tests/contract/numbers/{answers,defaults,limits,time}.test.ts']

/** Runs other files once more, in processes of their own: too much beside other tests. */
const alone = ['tests/db/pooler.test.ts']

/** Checks the replies of the servers of all other files, so it runs last and means little alone. */
const last = ['tests/traffic/{traffic,invariants}.test.ts']

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    globalSetup: ['tests/support/cluster.ts'],
    pool: 'forks',
    isolate: false,
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 15_000,
    coverage: { include: ['src/**'], reporter: ['text-summary'] },
    projects: [
      {
        extends: true,
        test: { name: 'quick', include: ['tests/**/*.test.ts'], exclude: [...slow, ...moveClock, ...alone, ...last] },
      },
      { extends: true, test: { name: 'clock', include: moveClock } },
      {
        extends: true,
        test: { name: 'slow', include: slow.map((path) => (path.endsWith('**') ? `${path}/*.test.ts` : path)) },
      },
      { extends: true, test: { name: 'alone', include: alone, sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: 'traffic', include: last, sequence: { groupOrder: 2 } } },
    ],
  },
})
