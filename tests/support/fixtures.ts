import { afterAll, beforeAll } from 'vitest'
import { createTestDatabase, type DatabaseOptions, type TestDatabase } from './database.ts'
import { enrol, type Person } from './people.ts'
import { type ServerOptions, startServer, type TestServer } from './server.ts'

/** One server for a file or a `describe`. Options that read another fixture are given as a function. */
export function useServer(options: ServerOptions | (() => ServerOptions) = {}): TestServer {
  return useFixture(
    () => startServer(typeof options === 'function' ? options() : options),
    (server) => server.stop(),
  )
}

/** One database without a server, for a file or a `describe`. */
export function useDatabase(options?: DatabaseOptions): TestDatabase {
  return useFixture(
    () => createTestDatabase(options),
    (database) => database.drop(),
  )
}

/** A person with an account at that server. */
export function usePerson(server: TestServer): Person {
  return useFixture(() => enrol(server))
}

/**
 * Registers hooks that make an object before the tests and end it after them, and returns a proxy of it. The file's
 * helpers can refer to the proxy at once, but reading a member before the tests run throws. Fixtures are made in the
 * order of these calls and ended in the reverse order.
 */
export function useFixture<T extends object>(make: () => Promise<T>, end: (made: T) => unknown = () => undefined): T {
  let made: T | undefined
  const ready = (): T => {
    if (made === undefined) throw new Error('A fixture has no members before the tests run')
    return made
  }
  beforeAll(async () => {
    made = await make()
  })
  afterAll(async () => {
    if (made !== undefined) await end(made)
  })
  return new Proxy({} as T, {
    get: (_, key): unknown => Reflect.get(ready(), key),
    has: (_, key) => Reflect.has(ready(), key),
    ownKeys: () => Reflect.ownKeys(ready()),
    getOwnPropertyDescriptor: (_, key) => Reflect.getOwnPropertyDescriptor(ready(), key),
  })
}
