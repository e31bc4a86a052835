import type { KyselyPlugin } from 'kysely'
import type { Database } from '../../src/db/database.ts'

/** The database behind one that is observed. */
const behind = new WeakMap<Database, Database>()
/** What to call when a test writes into a database. */
const listeners = new WeakMap<Database, (() => void)[]>()
const written = new WeakSet<Database>()

/**
 * A database as a test gets it. When the test writes rows by itself, what the server says before and after need not
 * agree any more; the recording has to know.
 */
export function observed(db: Database, onWrite: () => void): Database {
  const raw = unobserved(db)
  listeners.set(raw, [...(listeners.get(raw) ?? []), onWrite])
  if (written.has(raw)) onWrite()
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => {
      if (isWrite(node) && !written.has(raw)) {
        written.add(raw)
        for (const tell of listeners.get(raw) ?? []) tell()
      }
      return node
    },
    transformResult: async ({ result }) => result,
  }
  const handle = raw.withPlugin(plugin)
  behind.set(handle, raw)
  return handle
}

/** For what writes as the application would, such as a test's way to make an account without a request. */
export function unobserved(db: Database): Database {
  return behind.get(db) ?? db
}

export function isObserved(db: Database): boolean {
  return behind.has(db)
}

const names = new WeakMap<Database, string>()
let count = 0

/** The same for every handle of one database. */
export function nameOf(db: Database): string {
  const name = names.get(unobserved(db)) ?? `database ${process.pid}-${(count += 1)}`
  names.set(unobserved(db), name)
  return name
}

type Node = Parameters<KyselyPlugin['transformQuery']>[0]['node']

function isWrite(node: Node): boolean {
  if (node.kind !== 'RawNode') return node.kind !== 'SelectQueryNode'
  return /\b(insert|update|delete|truncate|alter|drop)\b/i.test(node.sqlFragments.join(' '))
}
