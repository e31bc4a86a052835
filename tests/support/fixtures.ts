import { afterAll, beforeAll } from 'vitest'
import { createTestDatabase, type DatabaseOptions, type TestDatabase } from './database.ts'
import { enrol, type Person } from './people.ts'
import { type ServerOptions, startServer, type TestServer } from './server.ts'

/** One server for the tests of a file, or of the `describe` that asks for it. Options that need another fixture are a function. */
export function useServer(options: ServerOptions | (() => ServerOptions) = {}): TestServer {
  return useFixture(
    () => startServer(typeof options === 'function' ? options() : options),
    (server) => server.stop(),
  )
}

/** A database without a server, for as long. */
export function useDatabase(options?: DatabaseOptions): TestDatabase {
  return useFixture(
    () => createTestDatabase(options),
    (database) => database.drop(),
  )
}

/** Someone with an account at that server. */
export function usePerson(server: TestServer): Person {
  return useFixture(() => enrol(server))
}

/**
 * Registers the hooks that make a thing before the tests and end it after them, and returns a stand-in for the thing. Helpers
 * of the file can name the stand-in at once; its members are those of the thing, and reading one before the tests run throws.
 * Fixtures are made in the order in which a file asks for them and ended in the reverse order.
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
