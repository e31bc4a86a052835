import { type EmbeddedPostgres, startEmbedded } from '../../src/db/embedded/embedded.ts'
import { useFixture } from './fixtures.ts'
import { cleanUp, temporaryDirectory } from './process.ts'
import { openProxy } from './proxy.ts'

/** A PostgreSQL of its own for the processes of a test file, reached through a port, which the embedded one lacks. */
export interface ProxiedCluster {
  readonly connection: EmbeddedPostgres['connection']
  readonly port: number
  readonly stop: () => Promise<void>
}

export function useProxiedCluster(): ProxiedCluster {
  return useFixture(open, (cluster) => cluster.stop())
}

async function open(): Promise<ProxiedCluster> {
  const cluster = await startEmbedded({ dataDir: temporaryDirectory(), settings: { fsync: 'off' } })
  const proxy = await openProxy(cluster.connection)
  return {
    connection: cluster.connection,
    port: proxy.port,
    stop: async () => {
      await proxy.close()
      await cluster.stop()
      await cleanUp()
    },
  }
}
