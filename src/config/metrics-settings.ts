import { hostName, integer, optional, secretKey } from './readers.ts'
import type { Setting } from './setting.ts'

/** Who may see how busy the server is. */
export const metricsSettings = [
  {
    // undefined: no metrics.
    name: 'METRICS_PORT',
    field: 'metricsPort',
    fallback: '',
    reader: optional(integer(1, 65_535)),
    help: 'Port of /metrics, for Prometheus. Empty: there are no metrics.',
  },
  {
    name: 'METRICS_HOST',
    field: 'metricsHost',
    fallback: '127.0.0.1',
    reader: hostName,
    help: 'Address to listen on for METRICS_PORT. Any but that of this machine itself needs METRICS_TOKEN.',
  },
  {
    name: 'METRICS_TOKEN',
    field: 'metricsToken',
    fallback: '',
    reader: optional(secretKey),
    help: 'The bearer token that reading the metrics takes. Empty: none.',
  },
] as const satisfies readonly Setting[]
