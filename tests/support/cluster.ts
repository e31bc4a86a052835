import { accessSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { connectionConfig } from '../../src/db/database.ts'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { migrate } from '../../src/db/migrate.ts'
import { TRAFFIC } from '../traffic/recorder.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The PostgreSQL of this run, without a database name. */
    cluster: { host: string; port: number; user: string; password: string }
  }
}

export const TEMPLATE = 'notes_template'

/**
 * One PostgreSQL for the whole run: our own embedded one, in memory where the machine offers that, or the server that
 * TEST_DATABASE_URL names. The schema is migrated once, into a template that every test file copies. A directory
 * beside it holds the recorded traffic of all files.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { cluster, stop } = await openCluster()
  project.provide('cluster', cluster)
  const client = new Client(connectionConfig({ ...cluster, database: 'postgres' }))
  await client.connect()
  await client.query(`drop database if exists ${TEMPLATE}`)
  await client.query(`create database ${TEMPLATE}`)
  await client.end()
  await migrate({ ...cluster, database: TEMPLATE })
  const traffic = temporary('notes-api-traffic-')
  process.env[TRAFFIC] = traffic
  // What an earlier run of the same process has recorded is not judged with the next.
  project.onTestsRerun(() => {
    for (const file of readdirSync(traffic)) rmSync(join(traffic, file), { recursive: true })
  })
  return async () => {
    await stop()
    rmSync(traffic, { recursive: true, force: true })
  }
}

async function openCluster() {
  const url = process.env['TEST_DATABASE_URL']
  if (url !== undefined) {
    const { hostname, port, username, password } = new URL(url)
    const cluster = {
      // A directory with the socket is written with its slashes escaped.
      host: decodeURIComponent(hostname),
      port: Number(port || 5432),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
    }
    return { cluster, stop: async () => undefined }
  }
  const dataDir = temporary('notes-api-test-')
  const database = await startEmbedded({
    dataDir,
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '100' },
  })
  const { host, port, user } = database.connection
  const stop = async (): Promise<void> => {
    await database.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { cluster: { host, port, user, password: '' }, stop }
}

/** In memory, where the machine offers that. */
function temporary(prefix: string): string {
  return mkdtempSync(join(isThere('/dev/shm') ? '/dev/shm' : tmpdir(), prefix))
}

function isThere(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}
